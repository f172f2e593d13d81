"""Opens a feed: its file, in its format, as entries."""

import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.columns import Columns
from counterfeit_ml.ingestion.feed.config import Feed, Format
from counterfeit_ml.ingestion.feed.delimited import Delimited
from counterfeit_ml.ingestion.feed.entry import Entry, Row
from counterfeit_ml.ingestion.feed.files import File, open_file
from counterfeit_ml.ingestion.feed.gunzip import MAGIC, plain
from counterfeit_ml.ingestion.feed.json_lines import JsonLines
from counterfeit_ml.ingestion.feed.shopify import HEADER, Shopify
from counterfeit_ml.settings import Settings

BLOCK = 1 << 20


class Table(Protocol):
    """A file in one of the formats."""

    columns: tuple[str, ...]
    exhaustive: bool

    def rows(self, columns: frozenset[str]) -> Iterator[Row]:
        """Its rows, with at least these columns."""


@contextmanager
def open_feed(feed: Feed, ds: date, settings: Settings) -> Iterator["OpenedFeed"]:
    """The feed's file of the day ``ds``, open as long as the block.

    Raises ``IngestionError`` where it cannot be had.
    """
    with open_file(feed, ds, settings) as file:
        yield OpenedFeed(feed, ds, file)


class OpenedFeed:
    """A feed whose file is at hand.

    ``fingerprint`` changes when the file does, or what is made of it; ``folder`` is where the
    pictures beside the feed lie, None where the feed is remote.
    """

    def __init__(self, feed: Feed, ds: date, file: File) -> None:
        self._feed, self._ds, self._file = feed, ds, file
        self._version = file.version()
        about = json.dumps([feed.model_dump(), ds.isoformat(), self._version], sort_keys=True)
        self.fingerprint = sha256(about.encode()).hexdigest()[:16]
        self.folder: Path | None = file.folder

    def entries(self) -> Iterator[Entry]:
        """Stream the entries, from the first each time; a bad row is an entry with a refusal.

        Raises ``IngestionError`` where the file is not what it says, is cut, changes meanwhile or
        holds no entry: whoever reads must then change nothing.
        """
        name, empty = self._file.name, True
        try:
            with _table(self._feed, self._file) as table:
                for row in self._read(table):
                    empty = False
                    yield row
        except OSError as error:
            raise IngestionError(
                f"The feed {name} cannot be read: {error.strerror}; nothing was changed."
            ) from error
        if empty:
            raise IngestionError(
                f"The feed {name} is empty: check the export that wrote it; nothing was changed."
            )
        if self._file.version() != self._version:
            raise IngestionError(
                f"The feed {name} was changed while it was read: run again when the export is "
                f"done; nothing was changed."
            )

    def _read(self, table: Table) -> Iterator[Entry]:
        name = self._file.name
        columns = Columns(self._feed, name, table.columns, table.exhaustive, self._ds)
        record = columns.record
        for number, text, values, rows in table.rows(columns.used):
            made = record(values) if isinstance(values, dict) else values
            yield Entry(f"{name}:{number}", text, made, rows)


@contextmanager
def _table(feed: Feed, file: File) -> Iterator[Table]:
    if feed.kind == "parquet":
        from counterfeit_ml.ingestion.feed.parquet import Parquet

        with _on_disk(file) as on_disk:
            yield Parquet(on_disk, file.name)
        return
    stream = plain(file.file, file.name)
    if feed.kind == "jsonl":
        yield JsonLines(stream)
        return
    export = Delimited(stream, file.name)
    yield Shopify(export, file.name) if _is_shopify(feed, export) else export


def _is_shopify(feed: Feed, export: Delimited) -> bool:
    """Told, or seen in the header where nobody said that each row is a listing."""
    said: Format | None = feed.format
    if said == "shopify" or (said == "csv" and feed.columns):
        return said == "shopify"
    return set(export.columns) >= HEADER


@contextmanager
def _on_disk(file: File) -> Iterator[BinaryIO]:
    """The file itself, or a copy, unpacked: Parquet is read to and fro."""
    file.file.seek(0)
    zipped = file.file.read(len(MAGIC)) == MAGIC
    if not zipped and not isinstance(file.file, io.RawIOBase):
        yield file.file
        return
    with TemporaryFile(prefix="counterfeit-feed-") as copy:
        shutil.copyfileobj(plain(file.file, file.name), copy, BLOCK)
        yield copy
