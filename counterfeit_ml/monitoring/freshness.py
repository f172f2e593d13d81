"""Which day has got how far, and whether that is in time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from counterfeit_ml.datasets import LISTINGS, SCORED_LISTINGS, Dataset
from counterfeit_ml.errors import LateError
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
from counterfeit_ml.warehouse import Database

FLAGGED = "SELECT max(ds) AS ds FROM warehouse.flagged_days"
FLAGGED_DAY = "SELECT count(*) AS marketplaces FROM warehouse.flagged_days WHERE ds = %s"


@dataclass(frozen=True)
class LastDays:
    """The last day that each stage has published; None where it never has."""

    ingested: str | None
    scored: str | None
    flagged: str | None

    @classmethod
    def of(cls, settings: Settings) -> "LastDays":
        """As lake and warehouse have them now."""
        lake = Lake(settings)
        (row,) = Database(settings).query(FLAGGED)
        flagged = row["ds"].isoformat() if row["ds"] else None
        return cls(_last(lake, LISTINGS), _last(lake, SCORED_LISTINGS), flagged)


def check_freshness(settings: Settings, ds: str) -> dict[str, int]:
    """How many marketplaces of day ``ds`` are published and flagged.

    Raises ``LateError`` where there are listings or flags missing, with how far the day has got.
    """
    lake = Lake(settings)
    found = {
        "ingested": len(lake.partitions(LISTINGS, ds=ds)),
        "scored": len(lake.partitions(SCORED_LISTINGS, ds=ds)),
        "flagged": Database(settings).query(FLAGGED_DAY, date.fromisoformat(ds))[0]["marketplaces"],
    }
    missing = [stage for stage, count in found.items() if not count]
    if missing:
        raise LateError(
            f"{ds} is not {missing[0]} yet, so analysts see the flags of an earlier day: look for "
            "its runs in Airflow, and see docs/runbooks/check_freshness.md."
        )
    return found


def age_hours(ds: str, now: datetime) -> float:
    """Hours since day ``ds`` began, which for a nightly platform is its data's age."""
    return (now - datetime.fromisoformat(ds).replace(tzinfo=UTC)) / timedelta(hours=1)


def _last(lake: Lake, dataset: Dataset) -> str | None:
    return max((one["ds"] for one in lake.partitions(dataset)), default=None)
