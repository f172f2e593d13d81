"""Makes staged scores visible, and writes every listing of the day with its scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import duckdb
import pyarrow as pa

from counterfeit_ml.datasets import IMAGE_SCORES, LISTINGS, SCORED_LISTINGS
from counterfeit_ml.errors import ScoringError
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings


@dataclass(frozen=True)
class ScoredDay:
    """What a night's scoring came to; ``failed`` listings have an unreadable picture."""

    ds: str
    model_version: str
    listings: int
    failed: int


def publish(settings: Settings, ds: str, model_version: str, staged: Sequence[str]) -> ScoredDay:
    """Publish ``staged`` parts of image scores, then ``scored_listings/ds=…`` in full.

    Raises ``ScoringError`` where a listing's picture has no score: nothing is published then.
    """
    lake = Lake(settings)
    if staged:
        lake.publish(IMAGE_SCORES, staged, append=True, model=model_version)
    listings = lake.read(LISTINGS, ds=ds)
    scored = _join(listings, lake.read(IMAGE_SCORES, model=model_version), model_version)
    if scored.num_rows != listings.num_rows:
        raise ScoringError(
            f"{listings.num_rows - scored.num_rows} of {listings.num_rows} listings of {ds} have "
            f"no score under model {model_version}: clear the task `plan` to score them."
        )
    failed = scored.num_rows - scored["error"].null_count
    summary = {"model_version": model_version, "listings": scored.num_rows, "failed": failed}
    lake.write(SCORED_LISTINGS, scored, summary, ds=ds)
    return ScoredDay(ds, model_version, scored.num_rows, failed)


def _join(listings: pa.Table, scores: pa.Table, model_version: str) -> pa.Table:
    sql = files(__package__).joinpath("join_scores.sql").read_text("utf-8")
    with duckdb.connect() as connection:
        connection.register("listings", listings)
        connection.register("scores", scores)
        return connection.sql(sql, params={"model_version": model_version}).to_arrow_table()
