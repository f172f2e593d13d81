"""One day of one marketplace on its way from a draft into the lake."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

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
from counterfeit_ml.ingestion.draft import Draft
from counterfeit_ml.ingestion.publication.query import Files, Queries, batches, records
from counterfeit_ml.ingestion.published import days, download, fetches_until, history_before
from counterfeit_ml.ingestion.summary import IngestSummary
from counterfeit_ml.lake import Lake

RAW_ROWS = 64
"""Raw pages taken at once."""
KEPT_DAYS = 30
"""How long an address that nothing leads to any more is remembered."""


@dataclass(frozen=True)
class Publication:
    """Publishes one day; the listings last."""

    lake: Lake
    ds: str
    marketplace: str
    folder: Path
    inactive_after_days: int

    @cached_property
    def _queries(self) -> Queries:
        return Queries(self.folder)

    def publish(self, draft: Draft, in_order: bool, work: dict[str, Any]) -> IngestSummary:
        """Replace the day's partitions by what ``draft`` holds; ``work`` are the run's counts.

        Of several records of one page, or with one listing_id, the first stands: in the draft's
        order, or where that means nothing, by address. The history of later days is renewed.
        """
        listings, quarantine = draft.paths("listings"), draft.paths("quarantine")
        standing = self._queries.run(
            "settle", {"listings": listings, "quarantine": quarantine}, in_order=in_order
        )
        today = self._queries.run("today", {"listings": listings, "standing": standing})
        refused = self._queries.run("refused", {"quarantine": quarantine, "standing": standing})
        history = self._history(self.ds, today)
        tables = {"standing": standing, "today": today, "refused": refused, "history": history}
        (counts,) = records(self._queries.run("summary", tables))
        counts["reasons"] = dict(sorted(counts["reasons"]))
        summary = IngestSummary(ds=self.ds, marketplace=self.marketplace, **counts, **work)
        self._write_evidence(draft.paths("evidence"))
        self._write_fetches(draft.paths("fetches"))
        self._write_history(self.ds, history)
        self._write(QUARANTINE, batches(refused), summary)
        self._write(LISTINGS, batches(today), summary)
        self._renew_later_history()
        return summary

    def _history(self, ds: str, today: Files) -> Files:
        """The history at the end of ``ds``, with the column ``change``."""
        before = self._stored(LISTING_HISTORY, history_before(self.lake, ds, self.marketplace))
        tables = {"today": today, "history_before": before}
        days = self.inactive_after_days
        return self._queries.run("history", tables, ds=ds, inactive_after_days=days)

    def _write_evidence(self, drafted: Files) -> None:
        """Add what the day has not got: evidence is never replaced."""
        day = {"ds": self.ds, "marketplace": self.marketplace}
        there = self.ds if self.lake.exists(EVIDENCE, **day) else None
        tables = {"evidence": drafted, "evidence_before": self._stored(EVIDENCE, there)}
        self._write(EVIDENCE, _added(self._queries.run("evidence", tables), drafted), append=True)

    def _write_fetches(self, drafted: Files) -> None:
        before = self._stored(FETCHES, fetches_until(self.lake, self.ds, self.marketplace))
        tables = {"fetches": drafted, "fetches_before": before}
        rows = self._queries.run("fetches", tables, ds=self.ds, kept_days=KEPT_DAYS)
        self._write(FETCHES, batches(rows))

    def _write_history(self, ds: str, history: Files) -> None:
        self._write(LISTING_HISTORY, batches(history), ds=ds)

    def _renew_later_history(self) -> None:
        """A day taken again changes what is known at the end of each day after it."""
        for later in days(self.lake, LISTING_HISTORY, self.marketplace):
            if later > self.ds:
                self._write_history(later, self._history(later, self._stored(LISTINGS, later)))

    def _write(
        self,
        dataset: Dataset,
        rows: Iterable[pa.RecordBatch],
        summary: IngestSummary | None = None,
        append: bool = False,
        ds: str | None = None,
    ) -> None:
        day = {"ds": ds or self.ds, "marketplace": self.marketplace}
        lasting = summary.lasting() if summary else None
        self.lake.write_batches(dataset, rows, lasting, append, **day)

    def _stored(self, dataset: Dataset, ds: str | None) -> Files:
        """The files of a day's partition; for no day an empty one."""
        if ds:
            found = download(self.lake, dataset, ds, self.marketplace, self.folder)
            return [str(path) for path in found]
        none = str(self.folder / f"no_{dataset.name}.parquet")
        pq.write_table(dataset.schema.empty_table(), none)
        return [none]


def _added(numbers: Files, drafted: Files) -> Iterator[pa.RecordBatch]:
    """The drafted evidence of these numbers. Not by SQL, which would take 2,048 raw pages of up
    to 5 MB at once.
    """
    added = pq.read_table(numbers, columns=["seq"])["seq"].to_numpy()
    for batch in batches(drafted, RAW_ROWS):
        seq = batch["seq"].to_numpy()
        place = np.searchsorted(added, seq)
        here = added.take(place, mode="clip") == seq if len(added) else seq < 0
        yield batch.filter(pa.array(here))
