"""What a piece of work read and wrote: partitions of the lake and tables of the warehouse.

Addresses are as Airflow's assets have them, such as ``s3://counterfeit/listings/ds=2026-11-22``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Lineage:
    """The addresses ``read`` and ``written``, each once and in the order of the first time."""

    read: dict[str, None] = field(default_factory=dict)
    written: dict[str, None] = field(default_factory=dict)


# For the whole process and not for a context: threads read and write for the task that made them.
_recorders: list[Lineage] = []


@contextmanager
def recorded() -> Iterator[Lineage]:
    """What is read and written within, by any thread of this process."""
    lineage = Lineage()
    _recorders.append(lineage)
    try:
        yield lineage
    finally:
        _recorders.pop()


def note_read(address: str) -> None:
    """Tell who records that ``address`` was read."""
    for recorder in _recorders:
        recorder.read[address] = None


def note_written(address: str) -> None:
    """Tell who records that ``address`` was written."""
    for recorder in _recorders:
        recorder.written[address] = None
