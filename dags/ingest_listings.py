"""
### Ingest listings

Takes each configured marketplace, a shop or a feed, into the lake: listings to
`listings/ds=…/marketplace=…`, pictures to `images/`, what is refused to `quarantine/`.

* **For** data engineers, who bring a marketplace in or take a day again.
* **Starts** nightly at 02:00 UTC for that day; by hand with *Trigger*: `day` (or the day as
  *Partition Key*), and `marketplaces` for some instead of all of `config/marketplaces.yaml`.
  `source` reads one marketplace, which may be new, from a feed or another address.
* **Makes** the asset `listings` of the day, which starts `validate_listings`.
* **Shows** on the run's tab *Results* what was seen, new, changed and refused, and why.
* **Fails** when a marketplace does not answer or is empty: its task's last line says why. The
  others go on, and so does the chain with what there is; the run is red all the same. Clear the
  failed task with *Downstream*: the day is announced again. A single bad record never fails it.
* **Again** for the same day it replaces the day's partition whole.
* **One task a domain**: each has a pool of one slot, so neither two marketplaces of one shop nor
  two days of a backfill hurry it. **Added a marketplace?** Run `counterfeit up`, which makes its
  pool; without it the task stays in *scheduled* for good.
* **Backfill** days from feeds, `{ds}` standing for the day (the end is a time: not `…T00:00:00`):

        counterfeit airflow backfill create --dag-id ingest_listings \\
          --from-date 2026-11-01 --to-date 2026-11-07T23:59:59 --reprocess-behavior completed \\
          --dag-run-conf '{"marketplaces": ["partner"], "source": "/data/partner/{ds}.jsonl"}'
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import CronPartitionTimetable, Param, TaskGroup, dag
from airflow.sdk.exceptions import AirflowSkipException
from platform_airflow.alerts import done_within, on_failure
from platform_airflow.assets import LISTINGS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import day_of, step

from counterfeit_ml.ingestion.marketplaces import load_marketplaces
from counterfeit_ml.ingestion.pools import by_pool, ingestion_pools
from counterfeit_ml.settings import ConfigSettings

# Zero: a new installation waits for the next night instead of taking the last one up.
NIGHTLY = CronPartitionTimetable(
    "0 2 * * *", timezone="UTC", key_format="%Y-%m-%d", run_immediately=timedelta(0)
)
CONFIG = ConfigSettings.load()
POOLS = [pool.name for pool in ingestion_pools(CONFIG)]
LIMIT = {"type": ["null", "integer"], "minimum": 1}
PARAMS = {
    "day": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Day",
        description="Instead of the Partition Key of the Advanced Options.",
    ),
    "marketplaces": Param(
        [],
        type=["null", "array"],
        items={"type": "string"},
        examples=sorted(load_marketplaces(CONFIG)),
        title="Marketplaces",
        description="Only these. None: all of config/marketplaces.yaml. One that is not there yet: "
        'its name in Configuration JSON, {"marketplaces": ["mine"], "source": "…"}.',
    ),
    "source": Param(
        None,
        type=["null", "string"],
        title="Source",
        description="Read the one marketplace from here instead: the path or address of a feed, or "
        "the http(s) address of a shop. {ds} stands for the day.",
    ),
    "max_pages": Param(None, **LIMIT, title="Pages at most", description="Of each shop."),
    "max_bytes": Param(None, **LIMIT, title="Bytes at most", description="Of each shop."),
    "force": Param(False, type="boolean", title="Fetch everything anew"),
}


@dag(
    schedule=NIGHTLY,
    doc_md=__doc__,
    tags=[Tag.INGESTION, Tag.NIGHTLY],
    default_args={"owner": Owner.DATA},
    on_failure_callback=on_failure,
    deadline=done_within(hours=4),
    is_paused_upon_creation=False,
    params=PARAMS,
)
def ingest_listings() -> None:
    """Every marketplace of the day into the lake."""

    @step(multiple_outputs=False)
    def list_marketplaces(partition_key: str | None = None, params: Any = None) -> dict:
        """The marketplaces of this run, by their pools."""
        day_of(partition_key, params["day"])
        return by_pool(settings(), params["marketplaces"] or [], params["source"], POOLS)

    @step()
    def choose(chosen: dict, pool: str) -> list[str]:
        """Those of one pool: a mapped task cannot choose the pool of each of its instances."""
        return chosen[pool]

    @step(map_index_template="{{ marketplace }}")
    def ingest_marketplace(
        marketplace: str, partition_key: str | None = None, params: Any = None
    ) -> dict:
        """One marketplace into the day's partition."""
        from dataclasses import asdict

        from counterfeit_ml.ingestion.ingest import ingest

        day = day_of(partition_key, params["day"])
        limits = {name: params[name] for name in ("max_pages", "max_bytes", "force")}
        return asdict(ingest(settings(), day, marketplace, params["source"], **limits))

    @step(outlets=[LISTINGS], trigger_rule="all_done")
    def announce_listings(
        summaries: list, outlet_events: Any, partition_key: str | None = None, params: Any = None
    ) -> None:
        """Say that the day's listings are there: mapped tasks cannot, their events get lost."""
        if not any(summary for pool in summaries for summary in pool or ()):
            raise AirflowSkipException("No marketplace was taken: nothing follows.")
        outlet_events[LISTINGS].add_partitions(day_of(partition_key, params["day"]))

    chosen, taken = list_marketplaces(), []
    for pool in POOLS:
        with TaskGroup(pool):
            take = ingest_marketplace.override(pool=pool)
            taken.append(take.expand(marketplace=choose(chosen, pool)))
    announce_listings(taken)
    # Fails without running where a marketplace failed, and the run with it: announcing succeeds.
    taken >> EmptyOperator(task_id="every_marketplace", trigger_rule="none_failed", retries=1)


ingest_listings()
