"""Rows of a Parquet file."""

import json
import math
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import chain
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.entry import MAX_RECORD_BYTES, Row
from counterfeit_ml.ingestion.feed.pages import check_pages
from counterfeit_ml.ingestion.reasons import Reason, Refused

BATCH_ROWS = 256
BUFFER = 1 << 20


class Parquet:
    """A Parquet file; only the columns asked for are read."""

    exhaustive = True

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        with self._reporting():
            self._bytes = file
            self._file = pq.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER)
            self.columns = tuple(self._file.schema_arrow.names)

    def rows(self, columns: frozenset[str]) -> Iterator[Row]:
        """Every row; one with a value that cannot be read is a row with a refusal."""
        chosen = [name for name in self.columns if name in columns]
        number = 0
        with self._reporting():
            check_pages(self._bytes, chosen)
            batches = self._file.iter_batches(BATCH_ROWS, columns=chosen, use_threads=False)
            for values in chain.from_iterable(map(_values, batches)):
                number += 1
                yield _row(number, values)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError, EOFError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            raise IngestionError(
                f"The Parquet file {self._name} cannot be read: give the export again; nothing "
                f"was changed. ({reason})"
            ) from error


def _values(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | Refused]:
    """A batch's rows; row by row where one of them cannot be had."""
    try:
        yield from _microseconds(batch).to_pylist()
    except (ValueError, OverflowError, pa.ArrowException) as error:
        if batch.num_rows > 1:
            for index in range(batch.num_rows):
                yield from _values(batch.slice(index, 1))
        else:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            yield Refused(Reason.BAD_ROW, f"The row cannot be read: {reason}.")


def _microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Python's times have no nanoseconds."""
    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            times = batch.column(index).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, times)
    return batch


def _row(number: int, values: dict[str, Any] | Refused) -> Row:
    if isinstance(values, Refused):
        return Row(number, "", values)
    try:
        plain = {name: _plain(value) for name, value in values.items()}
        text = json.dumps(plain, ensure_ascii=False)
    except (ValueError, OverflowError, RecursionError) as error:
        return Row(number, "", Refused(Reason.BAD_ROW, f"The row cannot be read: {error}."))
    if len(text) > MAX_RECORD_BYTES:
        detail = f"The row is longer than {MAX_RECORD_BYTES} characters."
        return Row(number, text[:MAX_RECORD_BYTES], Refused(Reason.BAD_ROW, detail))
    return Row(number, text, plain)


def _plain(value: Any) -> Any:
    """``value`` as JSON has it. A time without a zone is one in UTC, as Spark and pandas mean."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case date() | time():
            return value.isoformat()
        case bytes():
            return _text(value)
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
    return str(value)


def _text(data: bytes) -> str:
    """Old writers do not say that their bytes are text."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return b64encode(data).decode("ascii")
