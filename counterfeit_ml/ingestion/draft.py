"""A day of one marketplace as it fills: rows on disk, and at each checkpoint in the lake."""

import json
import logging
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.datasets import EVIDENCE, FETCHES, LISTINGS, QUARANTINE
from counterfeit_ml.lake import STAGING, Lake

CHECKPOINT_ROWS = 2_000
CHECKPOINT_SECONDS = 5.0
"""How much of a killed run is done again."""
CHECKPOINT_BYTES = 8 * 1024 * 1024
"""Raw pages are the heavy part of a row."""
_ORIGIN = [
    pa.field("seq", pa.int64(), nullable=False),
    pa.field("page", pa.string()),
    pa.field("source", pa.string(), nullable=False),
]
SCHEMAS = {
    "listings": pa.schema([*_ORIGIN, *LISTINGS.schema]),
    "quarantine": pa.schema([*_ORIGIN[:2], *QUARANTINE.schema]),
    "evidence": pa.schema([_ORIGIN[0], *EVIDENCE.schema]),
    "fetches": FETCHES.schema,
}
"""What each kind of row holds: ``seq`` numbers the findings, ``page`` is the address asked for."""
DONE = "done.json"

log = logging.getLogger(__name__)


class Draft:
    """Rows by kind. What an interrupted run of the same day and source has done is taken over."""

    def __init__(
        self, lake: Lake, ds: str, marketplace: str, fingerprint: str, folder: Path
    ) -> None:
        self._lake, self._fingerprint, self._folder = lake, fingerprint, folder
        self._prefix = f"{STAGING}/ingest/{marketplace}/{ds}"
        self.counts: Counter[str] = Counter()
        """Running totals; ``findings`` is how many the draft has taken."""
        self._saved: Counter[str] = Counter()
        self._open: dict[str, list[dict[str, Any]]] = {kind: [] for kind in SCHEMAS}
        self._open_bytes = 0
        self._number = 0
        self._last = time.monotonic()

    def resume(self) -> None:
        """Take over the checkpoints of an interrupted run; delete those of another source."""
        keys = self._lake.keys(f"{self._prefix}/")
        for key in [key for key in keys if key.endswith(f"/{DONE}")]:
            done = json.loads(self._lake.get(key))
            if done["fingerprint"] != self._fingerprint or done["number"] != self._number:
                break
            for kind in SCHEMAS:
                self._path(kind).write_bytes(self._lake.get(f"{key.rpartition('/')[0]}/{kind}"))
            self.counts.update(done["counts"])
            self._number += 1
        self._saved = Counter(self.counts)
        kept = tuple(f"{self._prefix}/{number:06d}/" for number in range(self._number))
        self._lake.delete([key for key in keys if not key.startswith(kept)])
        if self._number:
            log.info("going on after %d findings of a run cut short", self.counts["findings"])

    def add(self, kind: str, row: dict[str, Any]) -> None:
        """Take a row; it is saved with the next checkpoint."""
        self._open[kind].append(row)
        self._open_bytes += len(row.get("raw", b""))

    def save_when_due(self) -> None:
        """A checkpoint, if enough has come together or time has passed."""
        rows = self.counts["findings"] - self._saved["findings"]
        waited = time.monotonic() - self._last
        if (
            rows >= CHECKPOINT_ROWS
            or self._open_bytes >= CHECKPOINT_BYTES
            or (waited >= CHECKPOINT_SECONDS and any(self._open.values()))
        ):
            self.save()

    def save(self) -> None:
        """A checkpoint: its last object makes it count."""
        key = f"{self._prefix}/{self._number:06d}"
        for kind, schema in SCHEMAS.items():
            path = self._path(kind)
            pq.write_table(pa.Table.from_pylist(self._open[kind], schema), path, compression="zstd")
            self._lake.put(f"{key}/{kind}", path.read_bytes())
            self._open[kind] = []
        done = {
            "fingerprint": self._fingerprint,
            "number": self._number,
            "counts": dict(self.counts - self._saved),
        }
        self._lake.put(f"{key}/{DONE}", json.dumps(done).encode())
        self._number += 1
        self._saved, self._open_bytes, self._last = Counter(self.counts), 0, time.monotonic()

    def paths(self, kind: str) -> list[str]:
        """The files that hold all saved rows of a kind, in order."""
        return [str(path) for path in sorted(self._folder.glob(f"{kind}-*.parquet"))]

    def drop(self) -> None:
        """Forget the checkpoints of this day."""
        self._lake.delete(self._lake.keys(f"{self._prefix}/"))

    def clear(self) -> None:
        """Forget the checkpoints: the day is published. So are those of days before it."""
        of_marketplace, _, day = self._prefix.rpartition("/")
        keys = self._lake.keys(f"{of_marketplace}/")
        self._lake.delete([key for key in keys if key.split("/")[3] <= day])

    def _path(self, kind: str) -> Path:
        return self._folder / f"{kind}-{self._number:06d}.parquet"
