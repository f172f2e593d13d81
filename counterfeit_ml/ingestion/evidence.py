"""Fetches the raw record or page behind a listing, to show what a flag was based on."""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow.compute as pc

from counterfeit_ml.datasets import EVIDENCE, LISTINGS
from counterfeit_ml.errors import IngestionError, LakeError
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings


@dataclass(frozen=True)
class Evidence:
    """What stood at ``source`` at ``taken_at``, byte for byte; its hash was checked."""

    source: str
    taken_at: datetime
    media_type: str
    sha256: str
    raw: bytes


def evidence_of(settings: Settings, ds: str, marketplace: str, listing_id: str) -> Evidence:
    """The evidence of a listing as it was listed on the day ``ds``.

    Raises ``IngestionError`` where the day does not list it, ``LakeError`` where its evidence is
    not what it was.
    """
    lake = Lake(settings)
    digest, day = _reference(lake, ds, marketplace, listing_id)
    with TemporaryDirectory(prefix="counterfeit-evidence-") as folder:
        paths = lake.download(EVIDENCE, Path(folder), ds=day.isoformat(), marketplace=marketplace)
        kept = _row([str(path) for path in paths], digest)
    if kept is None or sha256(kept["raw"]).hexdigest() != digest:
        raise LakeError(
            f"The evidence {digest} of {listing_id!r} in evidence/ds={day}/marketplace="
            f"{marketplace} is missing or damaged: restore that partition from backup."
        )
    return Evidence(**kept)


def _reference(lake: Lake, ds: str, marketplace: str, listing_id: str) -> tuple[str, date]:
    columns = ["listing_id", "evidence_sha256", "evidence_ds"]
    listings = lake.read(LISTINGS, columns, ds=ds, marketplace=marketplace)
    rows = listings.filter(pc.equal(listings["listing_id"], listing_id)).to_pylist()
    if not rows or rows[0]["evidence_sha256"] is None:
        raise IngestionError(
            f"{marketplace} did not list {listing_id[:200]!r} on {ds}: take a day on which it was "
            f"flagged, and the id as it stands in the flag."
        )
    return rows[0]["evidence_sha256"], rows[0]["evidence_ds"]


def _row(paths: list[str], digest: str) -> dict[str, Any] | None:
    with duckdb.connect() as database:
        database.read_parquet(paths).create_view("evidence")
        query = "FROM evidence WHERE sha256 = $digest"
        found = database.sql(query, params={"digest": digest}).to_arrow_table()
        rows: list[dict[str, Any]] = found.to_pylist()
    return rows[0] if rows else None
