"""Where the evidence of a confirmed flag lies in the lake: its page copy, and its picture."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from counterfeit_ml.active_listings import newest_histories
from counterfeit_ml.datasets import LISTING_HISTORY
from counterfeit_ml.lake import Lake
from counterfeit_ml.progress import track

KEPT = ["listing_id", "last_seen", "evidence_sha256", "evidence_ds"]
KEYS = ["marketplace", "flagged_ds", "listing_id"]
NOTHING = pa.schema(
    [
        ("marketplace", pa.string()),
        ("flagged_ds", pa.date32()),
        *(LISTING_HISTORY.schema.field(name).remove_metadata() for name in KEPT),
    ]
).empty_table()


def with_evidence(lake: Lake, flags: pa.Table) -> pa.Table:
    """``flags`` with ``last_seen``, ``evidence_sha256`` and ``evidence_ds`` of each listing.

    Null where the lake has no history of the day: its listings came without.
    """
    days = sorted(set(flags["flagged_ds"].to_pylist()))
    found = [NOTHING]
    for day in track(days, "days of evidence", len(days)):
        found += _of_day(lake, flags.filter(pc.equal(flags["flagged_ds"], day)))
    return flags.join(pa.concat_tables(found), KEYS)


def _of_day(lake: Lake, flags: pa.Table) -> Iterator[pa.Table]:
    day = flags["flagged_ds"][0]
    histories = newest_histories(lake, day.as_py().isoformat())
    for marketplace in pc.unique(flags["marketplace"]).to_pylist():
        if marketplace not in histories:
            continue
        own = flags.filter(pc.equal(flags["marketplace"], marketplace))["listing_id"]
        where = {"ds": histories[marketplace], "marketplace": marketplace}
        for table in lake.tables(LISTING_HISTORY, KEPT, **where):
            rows = table.filter(pc.is_in(table["listing_id"], own))
            keys = [pa.repeat(key, rows.num_rows) for key in (pa.scalar(marketplace), day)]
            yield pa.table([*keys, *rows.columns], schema=NOTHING.schema)
