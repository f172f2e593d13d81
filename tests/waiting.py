"""Waits for what running services bring about."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def until(met: Callable[[], Result], seconds: float = 240, pause: float = 0.3) -> Result:
    """What ``met`` gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(pause)
    return found
