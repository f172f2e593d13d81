"""Rows of a CSV file."""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.entry import MAX_RECORD_BYTES, Row
from counterfeit_ml.ingestion.feed.escapes import is_escaped, unescaped
from counterfeit_ml.ingestion.feed.lines import BOM, numbered_lines
from counterfeit_ml.ingestion.feed.sample import sample
from counterfeit_ml.ingestion.reasons import Reason, Refused

DELIMITERS = ",;\t|"


class Delimited:
    """A CSV file with a header; its delimiter is the one that the header has most of."""

    exhaustive = True

    def __init__(self, file: BinaryIO, name: str) -> None:
        records = _records(numbered_lines(file))
        self.columns = _header(next(records, None), name)
        self._rest = _rows(records, self.columns)
        self._head = sample(self._rest)
        values = [row.values for row in self._head if isinstance(row.values, dict)]
        self._escaped = [
            column
            for column in dict.fromkeys(self.columns)
            if is_escaped(row[column] for row in values)
        ]

    def rows(self, columns: frozenset[str]) -> Iterator[Row]:
        """Every row below the header; a bad one is a row with a refusal."""
        rows = chain(self._head, self._rest)
        escaped = [column for column in self._escaped if column in columns]
        return (_without_escapes(row, escaped) for row in rows) if escaped else rows


class _Record(NamedTuple):
    """What the parser made of one line, or of several where a quoted field spans them."""

    number: int
    text: str
    fields: list[str] | Refused
    lines: int


def _header(record: _Record | None, name: str) -> tuple[str, ...]:
    if record is None:
        return ()
    if isinstance(record.fields, Refused):
        raise IngestionError(
            f"The header of the feed {name} cannot be read: {record.fields.detail} Export it as "
            f"CSV in UTF-8; nothing was changed."
        )
    return tuple(column.strip() for column in record.fields)


def _rows(records: Iterator[_Record], columns: tuple[str, ...]) -> Iterator[Row]:
    width = len(columns)
    for number, text, fields, lines in records:
        if isinstance(fields, Refused):
            yield Row(number, text, fields, lines)
        elif len(fields) == width:
            yield Row(number, text, dict(zip(columns, fields, strict=True)), lines)
        else:
            detail = f"The row has {len(fields)} fields, the header {width}."
            yield Row(number, text, Refused(Reason.BAD_ROW, detail), lines)


def _without_escapes(row: Row, columns: list[str]) -> Row:
    if isinstance(row.values, dict):
        for column in columns:
            row.values[column] = unescaped(row.values[column])
    return row


def _records(lines: Iterator[tuple[int, bytes]]) -> Iterator[_Record]:
    """Records without the blank lines.

    Where a line cannot be read, that line alone is refused and reading goes on behind it: a stray
    quote does not take the rest of the file with it.
    """
    first = next((line for line in lines if line[1].strip()), None)
    if first is None:
        return
    delimiter = max(DELIMITERS, key=_text(first[1]).count)
    waiting = deque([first])
    while True:
        taken: list[tuple[int, bytes]] = []
        try:
            yield from _read(_taking(waiting, lines, taken), taken, delimiter)
            return
        except (csv.Error, _BadLineError) as error:
            (number, line), *rest = taken
            waiting.extendleft(reversed(rest))
            detail = f"The line is not CSV: {error}."
            yield _Record(number, _text(line), Refused(Reason.BAD_ROW, detail), 1)


class _BadLineError(Exception):
    """A line that the parser shall not see."""


def _read(
    texts: Iterator[str], taken: list[tuple[int, bytes]], delimiter: str
) -> Iterator[_Record]:
    for fields in csv.reader(texts, delimiter=delimiter, strict=True):
        number, lines = taken[0][0], len(taken)
        text = _text(taken[0][1] if lines == 1 else b"".join(line for _, line in taken))
        taken.clear()
        if fields and (len(fields) > 1 or text.strip()):
            yield _Record(number, text, fields, lines)


def _taking(
    waiting: deque[tuple[int, bytes]],
    lines: Iterator[tuple[int, bytes]],
    taken: list[tuple[int, bytes]],
) -> Iterator[str]:
    """Texts of the lines for the parser, which are noted in ``taken`` until it has a record."""
    size = 0
    while numbered := waiting.popleft() if waiting else next(lines, None):
        number, line = numbered
        size = size + len(line) if taken else len(line)
        taken.append(numbered)
        if size > MAX_RECORD_BYTES:
            raise _BadLineError(f"the record is longer than {MAX_RECORD_BYTES} bytes")
        if b"\0" in line:
            raise _BadLineError("it holds a NUL byte")
        try:
            yield (line.removeprefix(BOM) if number == 1 else line).decode("utf-8")
        except UnicodeDecodeError as error:
            raise _BadLineError(f"it is not UTF-8 at byte {error.start}") from error


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r\n")
