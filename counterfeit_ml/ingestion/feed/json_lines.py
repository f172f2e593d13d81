"""Rows of a JSONL file."""

import json
import math
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from counterfeit_ml.ingestion.feed.entry import MAX_RECORD_BYTES, Row
from counterfeit_ml.ingestion.feed.lines import BOM, numbered_lines
from counterfeit_ml.ingestion.feed.sample import sample
from counterfeit_ml.ingestion.reasons import Reason, Refused


class JsonLines:
    """One JSON object a line; ``columns`` are the keys of the first thousand."""

    exhaustive = False
    """A later line may have other keys."""

    def __init__(self, file: BinaryIO) -> None:
        self._rest = _rows(file)
        self._head = sample(self._rest)
        self.columns = tuple(
            dict.fromkeys(
                key for row in self._head if isinstance(row.values, dict) for key in row.values
            )
        )

    def rows(self, columns: frozenset[str]) -> Iterator[Row]:
        """Every line but the blank ones; a bad one is a row with a refusal."""
        return chain(self._head, self._rest)


def _rows(file: BinaryIO) -> Iterator[Row]:
    for number, line in numbered_lines(file):
        if not line.strip():
            continue
        text = line.decode("utf-8", errors="replace").strip()
        try:
            yield Row(number, text, _parse(line))
        except Refused as refusal:
            yield Row(number, text, refusal)


def _parse(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_RECORD_BYTES:
        raise Refused(Reason.NOT_JSON, f"The line is longer than {MAX_RECORD_BYTES} bytes.")
    try:
        record = _DECODER.decode(line.removeprefix(BOM).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(Reason.NOT_JSON, f"The line is not UTF-8 at byte {error.start}.") from error
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.NOT_JSON, f"The line is not JSON: {error}.") from error
    if not isinstance(record, dict):
        raise Refused(Reason.NOT_JSON, f"The line is a JSON {type(record).__name__}, no object.")
    return record


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {digits[:20]} is too large")
    return number


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_number)
