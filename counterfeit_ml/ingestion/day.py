"""One day of one marketplace, from its source to the lake."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import date
from itertools import chain
from pathlib import Path

import pyarrow as pa

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.heap import few_arenas, give_back_memory
from counterfeit_ml.ingestion.clerk import COUNTED, Clerk
from counterfeit_ml.ingestion.crawl import ShopAwayError
from counterfeit_ml.ingestion.draft import Draft
from counterfeit_ml.ingestion.examination import Examiner, Verdict
from counterfeit_ml.ingestion.finding import Finding
from counterfeit_ml.ingestion.gallery import Gallery
from counterfeit_ml.ingestion.memory import Memory
from counterfeit_ml.ingestion.publication import Publication
from counterfeit_ml.ingestion.rates import forget_rates, usd_rate
from counterfeit_ml.ingestion.recall import recall, remember_fetches
from counterfeit_ml.ingestion.source import Source
from counterfeit_ml.ingestion.summary import IngestSummary
from counterfeit_ml.lake import Lake
from counterfeit_ml.progress import track

THREADS = 8
"""Pictures wait for S3 longer than for the processor."""
PENDING, PENDING_BYTES = 64, 64 * 1024 * 1024
"""Findings under examination: bounds what is in memory."""


class Day:
    """Ingests one day; what it takes from the source survives a crash."""

    def __init__(
        self,
        lake: Lake,
        ds: date,
        marketplace: str,
        folder: Path,
        memory: Memory,
        inactive_after_days: int,
    ) -> None:
        self.lake, self.ds, self.marketplace = lake, ds, marketplace
        self.folder, self.memory = folder, memory
        self.inactive_after_days = inactive_after_days

    def ingest(self, source: Source, force: bool) -> IngestSummary:
        """Examine what ``source`` holds, then publish."""
        same_run = f"{source.fingerprint}{' forced' if force else ''}"
        draft = Draft(self.lake, self.ds.isoformat(), self.marketplace, same_run, self.folder)
        few_arenas()
        draft.resume()
        if not force:
            recall(self.lake, self.memory, self.ds.isoformat(), self.marketplace, self.folder)
        remember_fetches(self.memory, [Path(path) for path in draft.paths("fetches")], done=True)
        source.begin()
        _load(self.ds)
        begun = draft.counts["findings"]
        try:
            self._fill(draft, source)
        except ShopAwayError:
            if not begun:  # why the shop could not be had is no news of it when it is back
                draft.drop()
            raise
        if not draft.counts["rows"]:
            raise IngestionError(f"{self.marketplace} shows no listing: nothing was changed.")
        summary = self._publish(draft, source)
        draft.clear()
        return summary

    def _fill(self, draft: Draft, source: Source) -> None:
        """Examine every finding, in threads, and file the verdicts in order."""
        examiner = Examiner(self.ds, source.locale, Gallery(self.lake, self.memory), source.folder)
        findings = source.findings(draft.counts["findings"])
        with closing(Memory.create(self.folder / "run.sqlite")) as of_run:
            clerk = Clerk(draft, self.memory, of_run, self.ds)
            examined = _examined(examiner, findings, draft.save_when_due)
            for finding, verdict in track(examined, f"ingesting {self.marketplace}"):
                clerk.file(finding, verdict)
                draft.save_when_due()
        draft.save()

    def _publish(self, draft: Draft, source: Source) -> IngestSummary:
        forget_rates()
        give_back_memory()
        publication = Publication(
            self.lake,
            self.ds.isoformat(),
            self.marketplace,
            self.folder,
            self.inactive_after_days,
        )
        work = {name: draft.counts[name] for name in COUNTED} | source.work
        return publication.publish(draft, source.in_order, work)


def _load(ds: date) -> None:
    """Load now, while the source gets going, what takes its time at its first use."""
    pa.set_memory_pool(pa.system_memory_pool())  # which can give back what a long feed has freed
    pa.array([0])  # imports pandas
    usd_rate("EUR", ds)  # reads the table of rates


def _examined(
    examiner: Examiner, findings: Iterator[Finding | None], idle: Callable[[], None]
) -> Iterator[tuple[Finding, Verdict | None]]:
    """Findings with their verdicts, in the order in which they came, examined in threads.

    Where the next one may take its time, all are given out, and ``idle`` is called.
    """
    pending: deque[tuple[Finding, Future[Verdict | None]]] = deque()
    held = 0
    with ThreadPoolExecutor(THREADS) as pool:
        for finding in chain(findings, [None]):
            if finding and not pending and not finding.has_picture_to_store:
                yield finding, examiner.examine(finding)
            elif finding:
                pending.append((finding, pool.submit(examiner.examine, finding)))
                held += finding.size
            while pending and (finding is None or len(pending) > PENDING or held > PENDING_BYTES):
                first, verdict = pending.popleft()
                held -= first.size
                yield first, verdict.result()
            if finding is None:
                idle()
