"""What flagging hands to the warehouse: a day as Arrow tables."""

from typing import NamedTuple

import pyarrow as pa

# The columns of flagged_listings that flagging decides; the rest follow from day, run and table.
FLAGS = pa.schema(
    [
        ("marketplace", pa.string()),
        ("listing_id", pa.string()),
        ("verdict", pa.string()),
        ("rule_id", pa.string()),
        ("reasons", pa.json_()),
        ("brand", pa.string()),
        ("confidence", pa.float64()),
        ("runners_up", pa.json_()),
        ("category", pa.string()),
        ("price", pa.float64()),
        ("price_high", pa.float64()),
        ("currency", pa.string()),
        ("price_usd", pa.float64()),
        ("price_floor_usd", pa.float64()),
        ("floor_source", pa.string()),
        ("price_ratio", pa.float64()),
        ("price_retail_ratio", pa.float64()),
        ("seller_id", pa.string()),
        ("seller_name", pa.string()),
        ("seller_listings", pa.int32()),
        ("condition", pa.string()),
        ("title", pa.string()),
        ("url", pa.string()),
        ("image_sha256", pa.string()),
        ("image_phash", pa.string()),
        ("picture_group", pa.string()),
        ("other_sellers", pa.int32()),
        ("risk", pa.float64()),
        ("model_version", pa.string()),
        ("rules_version", pa.string()),
    ]
)
FLOORS = pa.schema(
    [
        ("marketplace", pa.string()),
        ("brand", pa.string()),
        ("category", pa.string()),
        ("price_floor_usd", pa.float64()),
        ("source", pa.string()),
        ("listings", pa.int32()),
        ("median_usd", pa.float64()),
        ("spread", pa.float64()),
        ("retail_usd", pa.float64()),
    ]
)
SAMPLE = pa.schema(
    [
        ("marketplace", pa.string()),
        ("listing_id", pa.string()),
        ("brand", pa.string()),
        ("confidence", pa.float64()),
        ("runners_up", pa.json_()),
        ("price", pa.float64()),
        ("currency", pa.string()),
        ("price_usd", pa.float64()),
        ("seller_id", pa.string()),
        ("title", pa.string()),
        ("url", pa.string()),
        ("image_sha256", pa.string()),
        ("model_version", pa.string()),
    ]
)
DAYS = pa.schema(
    [
        ("marketplace", pa.string()),
        ("scored", pa.int32()),
        ("flagged", pa.int32()),
        ("rules_version", pa.string()),
        ("model_version", pa.string()),
    ]
)
SELLERS = pa.schema([("marketplace", pa.string()), ("seller_id", pa.string())])


class FlaggedDay(NamedTuple):
    """A day as the rules see it; ``reasons`` and ``runners_up`` are JSON.

    ``flags`` has the columns of ``FLAGS``, ``floors`` of ``FLOORS``, ``sample`` of ``SAMPLE``.
    ``days`` (``DAYS``) has each marketplace that was scored, flags or none; ``sellers``
    (``SELLERS``) each seller of a scored listing, once; those may be left out that the warehouse
    knows of that day or an earlier one.
    """

    flags: pa.Table
    floors: pa.Table
    sample: pa.Table
    days: pa.Table
    sellers: pa.Table
    run_id: str


class FlagChanges(NamedTuple):
    """What replacing a day changed: rows written (new or different), rows deleted, rows now."""

    written: int
    deleted: int
    total: int
