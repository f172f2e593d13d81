"""Reads a feed: one JSON object a line, pictures as files beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.reasons import Reason, Refused

MAX_LINE_BYTES = 1 << 20
"""Longer than any listing's record (a description is some kilobytes)."""


@dataclass(frozen=True)
class Feed:
    """A JSONL file; ``crawled`` when the spider wrote it, so that its notes can be believed."""

    path: Path
    crawled: bool = False

    @property
    def folder(self) -> Path:
        """Where the pictures' paths start, and what they may not leave."""
        return self.path.parent


@dataclass(frozen=True)
class Entry:
    """One line of a feed: the record it holds, or why it holds none."""

    source: str
    text: str
    record: dict[str, Any] | Refused
    no_picture: Refused | None = None
    """Why the spider could not fetch the picture."""


def read_feed(feed: Feed) -> Iterator[Entry]:
    """Stream the entries of ``feed``; a bad line is an entry with a refusal, never an exception.

    Blank lines are skipped. Raises ``IngestionError`` where the file cannot be read or holds no
    entry at all.
    """
    entry = None
    try:
        with feed.path.open("rb") as file:
            for number, line in _lines(file):
                entry = _entry(feed, number, line)
                yield entry
    except OSError as error:
        raise IngestionError(
            f"The feed {feed.path} cannot be read: {error.strerror}. Give the path of a JSONL file."
        ) from error
    if entry is None:
        raise IngestionError(
            f"The feed {feed.path} is empty: check the export that wrote it; nothing was changed."
        )


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without the blank ones; a line over the limit is cut just behind it."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_LINE_BYTES)):
            pass
        if line.strip():
            yield number, line


def _entry(feed: Feed, number: int, line: bytes) -> Entry:
    text = line.decode("utf-8", errors="replace").strip()
    source = f"{feed.path.name}:{number}"
    try:
        record = _parse(line)
    except Refused as refusal:
        return Entry(source, text, refusal)
    return _crawled_entry(text, record) if feed.crawled else Entry(source, text, record)


def _crawled_entry(text: str, record: dict[str, Any]) -> Entry:
    """An entry with the spider's notes: the page, and what of it could not be had."""
    return Entry(
        record["source"],
        text,
        _noted(record.get("refused")) or record,
        _noted(record.get("image_refused")),
    )


def _noted(note: dict[str, str] | None) -> Refused | None:
    return Refused(Reason(note["reason"]), note["detail"]) if note else None


def _parse(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise Refused(Reason.NOT_JSON, f"The line is longer than {MAX_LINE_BYTES} bytes.")
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused(Reason.NOT_JSON, f"The line is not UTF-8 at byte {error.start}.") from error
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.NOT_JSON, f"The line is not JSON: {error}.") from error
    if not isinstance(record, dict):
        raise Refused(Reason.NOT_JSON, f"The line is a JSON {type(record).__name__}, no object.")
    return record
