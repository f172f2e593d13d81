"""Keeps glibc's heap small; on other systems it does nothing."""

import ctypes
from typing import Any

M_ARENA_MAX = -8
"""The parameter's number in glibc's malloc.h."""


def few_arenas() -> None:
    """Let all threads share two heaps: with one each, what one frees no other can use."""
    _call("mallopt", M_ARENA_MAX, 2)


def give_back_memory() -> None:
    """Return to the system what was freed."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function: Any = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
