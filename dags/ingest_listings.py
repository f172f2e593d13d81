"""
### Ingest listings

Takes each configured marketplace, a shop or a feed, into the lake: listings to
`listings/ds=…/marketplace=…`, pictures to `images/`, what is refused to `quarantine/`.

* **For** data engineers, who bring a marketplace in or take a day again.
* **Starts** nightly at 02:00 UTC for that day; by hand with *Trigger*, the day as *Partition Key*
  (Advanced Options). `marketplace` and `source` take one marketplace, or a feed file, instead of
  all that `config/marketplaces.yaml` names.
* **Makes** the asset `listings` of the day, which starts `validate_listings`.
* **Fails** when a source does not answer or is empty: the task's last line says which and why.
  A single bad record never fails it; count them by `reason` in `quarantine/`.
* **Again** for the same day it replaces the day's partition whole.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag
from platform_airflow.assets import LISTINGS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import day_of, step

# Zero: a new installation waits for the next night instead of taking the last one up.
NIGHTLY = CronPartitionTimetable(
    "0 2 * * *", timezone="UTC", key_format="%Y-%m-%d", run_immediately=timedelta(0)
)


@dag(
    schedule=NIGHTLY,
    doc_md=__doc__,
    tags=[Tag.INGESTION, Tag.NIGHTLY],
    default_args={"owner": Owner.DATA},
    is_paused_upon_creation=False,
    params={
        "marketplace": Param(
            None,
            type=["null", "string"],
            pattern="^[a-z0-9_]+$",
            title="Marketplace",
            description="Only this one. Empty: every one of config/marketplaces.yaml.",
        ),
        "source": Param(
            None,
            type=["null", "string"],
            title="Source",
            description="Read the marketplace from here instead: a path to a JSONL feed, or the "
            "http(s) address of a shop.",
        ),
    },
)
def ingest_listings() -> None:
    """Every marketplace of the day into the lake."""

    @step()
    def list_marketplaces(partition_key: str | None = None, params: Any = None) -> list[str]:
        """The marketplaces of this run."""
        from counterfeit_ml.ingestion.marketplaces import choose_marketplaces

        day_of(partition_key)
        return choose_marketplaces(settings(), params["marketplace"], params["source"])

    @step(map_index_template="{{ marketplace }}")
    def ingest_marketplace(
        marketplace: str, partition_key: str | None = None, params: Any = None
    ) -> dict:
        """One marketplace into the day's partition."""
        from dataclasses import asdict

        from counterfeit_ml.ingestion import ingest

        day = day_of(partition_key)
        return asdict(ingest(settings(), day, marketplace, params["source"]))

    @step(outlets=[LISTINGS])
    def announce_listings(summaries: list[dict]) -> dict:
        """Say that the day's listings are there: mapped tasks cannot, their events get lost."""
        return {one["marketplace"]: one["listed"] for one in summaries}

    announce_listings(ingest_marketplace.expand(marketplace=list_marketplaces()))


ingest_listings()
