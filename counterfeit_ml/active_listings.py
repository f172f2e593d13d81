"""The listings on offer on a day: those seen that day, and those seen lately and not since.

``listing_history`` says which they are; the row of each stands in ``listings`` of its last day.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.datasets import LISTING_HISTORY, LISTINGS, Dataset
from counterfeit_ml.lake import Lake
from counterfeit_ml.scratch import database

CARRIED_DAYS = 14
"""How long the listings of a marketplace that is not taken any more count as offered."""
NO_HISTORY = (
    "%s has no listing_history of the %d days until %s: only its listings of that day count"
)
INCOMPLETE = (
    "%d of %d active listings of %s are not in listings/ds=%s, where they were last seen, and are "
    "left out: ingest that day again"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ActiveListings:
    """Parquet ``files`` with the column ``marketplace`` beside those asked for.

    Of the ``listings`` in them ``unseen`` were not seen on the day itself.
    """

    files: tuple[Path, ...]
    listings: int
    unseen: int


def active_listings(
    lake: Lake, ds: str, columns: Sequence[str], folder: Path
) -> ActiveListings | None:
    """Copy ``columns`` of the active listings of day ``ds`` into ``folder``, a listing once.

    Of a marketplace that was not taken that day, what its last taken day of the last
    ``CARRIED_DAYS`` says. One without history has but the listings of the day. None where the day
    has no listings at all.
    """
    taken = _marketplaces(lake, LISTINGS, ds)
    if not taken:
        return None
    known, wanted = newest_histories(lake, ds), ("listing_id", *columns)
    found = [
        _Marketplace(lake, ds, name, known.get(name), wanted, folder / f"active-{number}").copy()
        for number, name in enumerate(sorted(taken | known.keys()))
    ]
    return ActiveListings(
        tuple(path for one in found for path in one.files),
        sum(one.listings for one in found),
        sum(one.unseen for one in found),
    )


def _marketplaces(lake: Lake, dataset: Dataset, ds: str) -> set[str]:
    return {one["marketplace"] for one in lake.partitions(dataset, ds=ds)}


def newest_histories(lake: Lake, ds: str) -> dict[str, str]:
    """Of each marketplace the last day whose history was published, and its listings with it.

    Looks back from ``ds`` as long as listings are carried.
    """
    found: dict[str, str] = {}
    for back in range(CARRIED_DAYS):
        day = (date.fromisoformat(ds) - timedelta(days=back)).isoformat()
        with_history = _marketplaces(lake, LISTING_HISTORY, day)
        # Ingestion publishes the listings last: a history without them is of a day half done.
        for name in with_history & _marketplaces(lake, LISTINGS, day) if with_history else ():
            found.setdefault(name, day)
    return found


@dataclass(frozen=True)
class _Marketplace:
    """One marketplace on its way into a folder of its own; ``history`` is the day of its newest."""

    lake: Lake
    ds: str
    name: str
    history: str | None
    columns: tuple[str, ...]
    folder: Path

    def copy(self) -> ActiveListings:
        self.folder.mkdir()
        today = self._copied(LISTINGS, self.ds, self.columns)
        copies, rows = [today], [_rows(today)]
        unseen = self._unseen(today)
        for day, wanted in self._days(unseen):
            copies.append(self._of_day(day, unseen))
            rows.append(_rows(copies[-1]))
            if rows[-1] < wanted:
                log.warning(INCOMPLETE, wanted - rows[-1], wanted, self.name, day)
        return ActiveListings(tuple(copies), sum(rows), sum(rows[1:]))

    def _unseen(self, today: Path) -> Path:
        """A file of the active listings that were not seen today, and when they were."""
        into = self.folder / "unseen.parquet"
        if self.history is None:
            log.warning(NO_HISTORY, self.name, CARRIED_DAYS, self.ds)
        columns = ("listing_id", "last_seen", "active")
        history = self._copied(LISTING_HISTORY, self.history, columns)
        sql = files(__package__).joinpath("unseen_listings.sql").read_text("utf-8")
        when = {"ds": self.ds, "taken": self.history == self.ds, "carried_days": CARRIED_DAYS}
        with database(self.folder, {"history": [history], "today": [today]}) as connection:
            connection.sql(sql, params=when).write_parquet(str(into))
        return into

    def _days(self, unseen: Path) -> list[tuple[str, int]]:
        sql = "SELECT last_seen, count(*) FROM unseen GROUP BY last_seen ORDER BY last_seen"
        with database(self.folder, {"unseen": [unseen]}) as connection:
            return [(day.isoformat(), count) for day, count in connection.sql(sql).fetchall()]

    def _of_day(self, day: str, unseen: Path) -> Path:
        """A file of those that were last seen on ``day``."""
        copy, into = self._copied(LISTINGS, day, self.columns), self.folder / f"{day}.parquet"
        sql = "FROM day SEMI JOIN (FROM unseen WHERE last_seen = $day::DATE) USING (listing_id)"
        with database(self.folder, {"day": [copy], "unseen": [unseen]}) as connection:
            connection.sql(sql, params={"day": day}).write_parquet(str(into))
        copy.unlink()
        return into

    def _copied(self, dataset: Dataset, ds: str | None, columns: Sequence[str]) -> Path:
        """Some columns of a day's partition, and its marketplace; no row where it has none."""
        path = self.folder / f"{dataset.name}-{ds}.parquet"
        # Of any column a row may have nothing, whatever the schema says: it is no fault of others.
        stored = {name: dataset.schema.field(name).type for name in columns}
        schema = pa.schema({"marketplace": pa.string(), **stored})
        with pq.ParquetWriter(path, schema, compression="lz4") as writer:
            for table in self._tables(dataset, ds, columns):
                name = pa.repeat(pa.scalar(self.name), table.num_rows)
                writer.write_table(pa.table([name, *table.columns], schema=schema))
        return path

    def _tables(
        self, dataset: Dataset, ds: str | None, columns: Sequence[str]
    ) -> Iterator[pa.Table]:
        if ds and self.lake.exists(dataset, ds=ds, marketplace=self.name):
            yield from self.lake.tables(dataset, columns, ds=ds, marketplace=self.name)


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)
