"""How a long step shows its progress: a bar at a terminal, lines in a task's log."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")

LOG_EVERY_SECONDS = 5.0

log = logging.getLogger(__name__)


Size = Callable[[Any], int]


def track(
    items: Iterable[Item], what: str, total: int | None = None, size: Size = lambda _: 1
) -> Iterator[Item]:
    """Yield ``items``, showing how many of ``total`` are done, the rate and the time left.

    An item counts as ``size`` says.
    """
    if sys.stderr.isatty():
        yield from _bar(items, what, total, size)
    else:
        yield from _lines(items, what, total, size)


def _bar(items: Iterable[Item], what: str, total: int | None, size: Size) -> Iterator[Item]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        for item in items:
            yield item
            progress.advance(task, size(item))


def _lines(items: Iterable[Item], what: str, total: int | None, size: Size) -> Iterator[Item]:
    start = said = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += size(item)
        now = time.monotonic()
        if now - said >= LOG_EVERY_SECONDS:
            said = now
            rate = done / (now - start)
            left = f", {(total - done) / rate:.0f} s left" if total else ""
            log.info("%s: %d of %s, %.1f/s%s", what, done, total or "?", rate, left)
    log.info("%s: %d done in %.1f s", what, done, time.monotonic() - start)
