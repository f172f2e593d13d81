"""Waits for a service that is away for a moment, where minutes of work are at stake."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from counterfeit_ml.errors import LakeError, PartitionMissingError, RegistryAwayError

Result = TypeVar("Result")

PAUSES = (1, 2, 5, 10, 20, 30)  # seconds; a restart of MLflow takes twenty

log = logging.getLogger(__name__)
_warned: dict[int, float] = {}


def patiently(action: Callable[[], Result]) -> Result:
    """What ``action`` gives, tried again after each of ``PAUSES`` while S3 or MLflow is away."""
    for pause in PAUSES:
        try:
            return action()
        except (LakeError, RegistryAwayError) as error:
            if isinstance(error, PartitionMissingError):
                raise
            _warn(pause, error)
        time.sleep(pause)
    return action()


def _warn(pause: int, error: Exception) -> None:
    """Once for all threads that wait: what they ask is the same service."""
    now = time.monotonic()
    if now - _warned.get(pause, -pause) >= pause:
        _warned[pause] = now
        log.warning("tried again in %d s: %s", pause, error)
