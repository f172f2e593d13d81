"""Turns a finished draft into the day's partitions, set-wise and on disk: the listings last."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.datasets import (
    EVIDENCE,
    FETCHES,
    LISTING_HISTORY,
    LISTINGS,
    QUARANTINE,
    Dataset,
)
from counterfeit_ml.ingestion.draft import SCHEMAS, Draft
from counterfeit_ml.ingestion.summary import IngestSummary
from counterfeit_ml.lake import Lake

DATABASE_MB, DATABASE_MB_A_MILLION = 128, 128
"""Memory of DuckDB, and for more than a million records what their ids take, which cannot go onto
the disk as all else does."""
BATCH_ROWS = 10_240
RAW_ROWS = 64
"""Raw pages taken at once."""
KEPT_DAYS = 30
"""How long an address that nothing leads to any more is remembered."""


@dataclass(frozen=True)
class Publication:
    """One day of one marketplace on its way from a draft into the lake."""

    lake: Lake
    ds: str
    marketplace: str
    folder: Path
    inactive_after_days: int

    def publish(self, draft: Draft, in_order: bool, work: dict[str, Any]) -> IngestSummary:
        """Replace the day's partitions by what ``draft`` holds; ``work`` are the run's counts.

        Of several records of one page, or with one listing_id, the first stands: in the draft's
        order, or where that means nothing, by address. The history of later days is renewed.
        """
        with self._database(draft.counts["findings"]) as database:
            for kind in SCHEMAS:
                database.read_parquet(draft.paths(kind)).create_view(f"draft_{kind}")
            _run(database, "settle.sql", in_order=in_order)
            self._make_history(database, self.ds)
            summary = self._summary(database, work)
            self._write_evidence(database, draft)
            self._write_fetches(database)
            self._write_history(database, self.ds)
            refused = database.sql("FROM refused ORDER BY source")
            self._write(QUARANTINE, self._batches(refused), summary)
            listed = database.sql("FROM today ORDER BY listing_id")
            self._write(LISTINGS, self._batches(listed), summary)
        self._renew_later_history()
        return summary

    def _summary(self, database: duckdb.DuckDBPyConnection, work: dict[str, Any]) -> IngestSummary:
        def counts(query: str) -> dict[Any, int]:
            return dict(database.sql(query).fetchall())

        none: dict[str, Any] = {"new": 0, "changed": 0, "unchanged": 0, "inactive": 0}
        sound = counts("SELECT sound, count(*) FROM record GROUP BY ALL")
        changes = counts("SELECT change, count(*) FROM history WHERE change NOT NULL GROUP BY ALL")
        totals = counts(
            "SELECT 'listed', count(*) FROM listed "
            "UNION ALL SELECT 'pictures', count(DISTINCT image_sha256) FROM today"
        )
        return IngestSummary(
            ds=self.ds,
            marketplace=self.marketplace,
            seen=sum(sound.values()),
            repeated=sound.get(True, 0) - totals["listed"],
            quarantined=sound.get(False, 0),
            reasons=counts("SELECT reason, count(*) FROM refused GROUP BY ALL ORDER BY ALL"),
            **none | changes | totals | work,
        )

    def _write_evidence(self, database: duckdb.DuckDBPyConnection, draft: Draft) -> None:
        """Add what the day has not got: evidence is never replaced."""
        there = self.ds in self._days(EVIDENCE)
        self._view(database, "evidence_before", EVIDENCE, self.ds if there else None)
        _run(database, "evidence.sql")
        self._write(EVIDENCE, _added(database, draft.paths("evidence")), append=True)

    def _write_fetches(self, database: duckdb.DuckDBPyConnection) -> None:
        newest = max((ds for ds in self._days(FETCHES) if ds <= self.ds), default=None)
        self._view(database, "fetches_before", FETCHES, newest)
        parameters = {"ds": self.ds, "kept_days": KEPT_DAYS}
        self._write(FETCHES, self._batches(database.sql(_sql("fetches.sql"), params=parameters)))

    def _make_history(self, database: duckdb.DuckDBPyConnection, ds: str) -> None:
        """The view ``history`` of ``ds``, from the view ``today``."""
        before = max((one for one in self._days(LISTING_HISTORY) if one < ds), default=None)
        self._view(database, "history_before", LISTING_HISTORY, before)
        parameters = {"ds": ds, "inactive_after_days": self.inactive_after_days}
        path = self._file(database.sql(_sql("history.sql"), params=parameters), f"history-{ds}")
        database.read_parquet(path).create_view("history")

    def _write_history(self, database: duckdb.DuckDBPyConnection, ds: str) -> None:
        rows = database.sql("SELECT * EXCLUDE (change) FROM history")
        self._write(LISTING_HISTORY, self._batches(rows), ds=ds)

    def _renew_later_history(self) -> None:
        """A day taken again changes what is known at the end of each day after it."""
        for later in [ds for ds in self._days(LISTING_HISTORY) if ds > self.ds]:
            rows = self.lake.manifest(LISTING_HISTORY, ds=later, marketplace=self.marketplace).rows
            with self._database(rows) as database:
                self._view(database, "today", LISTINGS, later)
                self._make_history(database, later)
                self._write_history(database, later)

    def _write(
        self,
        dataset: Dataset,
        batches: Iterable[pa.RecordBatch],
        summary: IngestSummary | None = None,
        append: bool = False,
        ds: str | None = None,
    ) -> None:
        day = {"ds": ds or self.ds, "marketplace": self.marketplace}
        lasting = summary.lasting() if summary else None
        self.lake.write_sorted(dataset, batches, lasting, append, **day)

    def _batches(self, rows: duckdb.DuckDBPyRelation) -> Iterator[pa.RecordBatch]:
        """The rows, by way of a file: as Arrow they would all be in memory."""
        with pq.ParquetFile(self._file(rows, "result")) as file:
            yield from file.iter_batches(BATCH_ROWS)

    def _file(self, rows: duckdb.DuckDBPyRelation, name: str) -> str:
        path = str(self.folder / f"{name}.parquet")
        rows.write_parquet(path, row_group_size=BATCH_ROWS)
        return path

    def _days(self, dataset: Dataset) -> list[str]:
        return marketplace_days(self.lake, dataset, self.marketplace)

    def _view(
        self, database: duckdb.DuckDBPyConnection, name: str, dataset: Dataset, ds: str | None
    ) -> None:
        """The view ``name`` over a day's partition; an empty one for no day."""
        if ds is None:
            database.from_arrow(dataset.schema.empty_table()).create_view(name)
            return
        folder = self.folder / f"{name}-{ds}"
        found = self.lake.download(dataset, folder, ds=ds, marketplace=self.marketplace)
        database.read_parquet([str(path) for path in found]).create_view(name)

    def _database(self, records: int) -> duckdb.DuckDBPyConnection:
        memory = max(DATABASE_MB, DATABASE_MB_A_MILLION * records // 1_000_000)
        spill = str(self.folder / "spill")
        return duckdb.connect(
            config={"memory_limit": f"{memory}MB", "temp_directory": spill, "threads": "1"}
        )


def marketplace_days(lake: Lake, dataset: Dataset, marketplace: str) -> list[str]:
    """The published days of a marketplace, in order."""
    found = lake.partitions(dataset)
    return [one["ds"] for one in found if one["marketplace"] == marketplace]


def _added(database: duckdb.DuckDBPyConnection, paths: list[str]) -> Iterator[pa.RecordBatch]:
    """The drafted evidence of the table ``added``. Not by SQL, which would take 2,048 raw pages
    of up to 5 MB at once.
    """
    table = database.sql("SELECT seq FROM added ORDER BY seq").to_arrow_table()
    added = table["seq"].to_numpy()
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(RAW_ROWS):
                numbers = batch["seq"].to_numpy()
                place = np.searchsorted(added, numbers)
                here = added.take(place, mode="clip") == numbers if len(added) else numbers < 0
                yield batch.filter(pa.array(here))


def _sql(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _run(database: duckdb.DuckDBPyConnection, name: str, **parameters: Any) -> None:
    """Each statement of a file, with those of the parameters that it names."""
    for statement in duckdb.extract_statements(_sql(name)):
        wanted = {key: parameters[key] for key in statement.named_parameters}
        database.execute(statement, wanted or None)
