"""Makes staged scores visible, and writes every active listing of the day with its scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq

from counterfeit_ml.active_listings import ActiveListings, active_listings
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.errors import ScoringError
from counterfeit_ml.lake import Lake
from counterfeit_ml.scoring.image_scores import DIGEST, publish_scores, scores_of
from counterfeit_ml.scoring.planning import shards_of
from counterfeit_ml.scratch import database, scratch
from counterfeit_ml.settings import Settings

BATCH_ROWS = 10_000
OF_LISTINGS = (
    "url title category price currency price_high price_usd seller_id seller_name condition "
    "image_sha256 image_phash"
).split()


@dataclass(frozen=True)
class ScoredDay:
    """What a night's scoring came to.

    Of the ``listings`` ``unseen`` are active and were not seen that day. Of their ``pictures``
    ``scored`` were new to the model and ``reused`` had a score; ``failed`` cannot be read.
    """

    ds: str
    model_version: str
    listings: int
    unseen: int
    pictures: int
    scored: int
    reused: int
    failed: int

    def __str__(self) -> str:
        return (
            f"{self.ds} under model {self.model_version}: {self.listings:,} listings "
            f"({self.unseen:,} of them not seen that day) with {self.pictures:,} pictures: "
            f"{self.scored:,} scored, {self.reused:,} reused, {self.failed:,} failed."
        )


def publish(settings: Settings, ds: str, model_version: str, staged: Sequence[str]) -> ScoredDay:
    """Publish ``staged`` parts of image scores, then ``scored_listings/ds=…`` in full.

    The day's partition is wholly of this model version. Raises ``ScoringError`` where a staged
    part does not hold its shard's pictures, a listing's picture has no score, or what came out is
    not what went in: the day's partition is left as it was. ``DiskError``.
    """
    lake = Lake(settings)
    scored = publish_scores(lake, model_version, staged)
    with scratch() as folder:
        day = _write_day(lake, ds, model_version, folder, scored)
    # Last of all: a publication that dies before can be repeated.
    lake.delete([*staged, *lake.keys(shards_of(ds, model_version))])
    return day


def _write_day(lake: Lake, ds: str, model_version: str, folder: Path, scored: int) -> ScoredDay:
    active = active_listings(lake, ds, OF_LISTINGS, folder)
    if active is None:
        raise ScoringError(
            f"There are no listings of {ds} to publish: run ingest_listings for that day first."
        )
    joined = _joined(lake, active, model_version, folder)
    pictures, failed = _checked(active, joined, ds, model_version, folder)
    summary = {"model_version": model_version, "listings": active.listings, "failed": failed}
    with pq.ParquetFile(joined) as file:
        lake.write_batches(SCORED_LISTINGS, file.iter_batches(BATCH_ROWS), summary, ds=ds)
    reused = max(0, pictures - scored)
    return ScoredDay(
        ds, model_version, active.listings, active.unseen, pictures, scored, reused, failed
    )


def _joined(lake: Lake, active: ActiveListings, model_version: str, folder: Path) -> Path:
    """A file of the listings with their scores, in order."""
    into = folder / "scored.parquet"
    scores = scores_of(lake, model_version, folder / "image_scores")
    parameters = {"model_version": model_version, "digest": DIGEST}
    with database(folder, {"listings": active.files, "scores": scores}) as connection:
        rows = connection.sql(_sql("join_scores"), params=parameters)
        rows.write_parquet(str(into), row_group_size=BATCH_ROWS)
    return into


def _checked(
    active: ActiveListings, joined: Path, ds: str, model_version: str, folder: Path
) -> tuple[int, int]:
    """How many pictures the listings show, and how many of these cannot be read."""
    with database(folder, {"listings": active.files, "scored": [joined]}) as connection:
        (found,) = connection.sql(_sql("check_scored")).fetchall()
    rows, without_score, lost, pictures, failed = found
    if without_score:
        raise ScoringError(
            f"{without_score} of {active.listings} listings of {ds} have no score under model "
            f"{model_version}: clear the task `plan_shards` with everything after it."
        )
    if lost or rows != active.listings:
        raise ScoringError(
            f"{active.listings} listings of {ds} went into the join with their scores, and {rows} "
            f"came out, {lost} of them lost: nothing was published. Clear the task "
            "`publish_scores`; if it stays so, ingest the day again."
        )
    return pictures, failed


def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
