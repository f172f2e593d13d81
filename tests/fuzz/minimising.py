"""The corpus: a folder of small files for each target, and how it is kept small."""

import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

CORPUS = Path(__file__).parent / "corpus"
Line = tuple[CodeType, int]


def smallest(target: Callable[[bytes], None], kept: Path, reached: Path) -> None:
    """Make ``kept`` the smallest of its files and those in ``reached`` that run every line."""
    inputs = {one.read_bytes() for folder in (kept, reached) for one in folder.iterdir()}
    chosen, seen = [], set[Line]()
    for data in sorted(inputs, key=lambda data: (len(data), data)):
        lines = _lines(target, data)
        if not lines <= seen:
            chosen.append(data)
            seen |= lines
    for one in kept.iterdir():
        one.unlink()
    for data in chosen:
        (kept / sha256(data).hexdigest()[:16]).write_bytes(data)


def _lines(target: Callable[[bytes], None], data: bytes) -> set[Line]:
    """The lines of Python that ``target`` runs."""
    found: set[Line] = set()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        found.add((frame.f_code, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return found
