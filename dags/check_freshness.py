"""
### Check freshness

Asks at eight in the morning whether the day that began at midnight is ingested, scored and flagged.

* **For** data engineers on call: it fails, and so alerts them, whatever kept the night from its
  end, also where nothing failed because nothing ran.
* **Starts** daily at 08:00 UTC for that day; by hand with the day as *Partition Key*.
* **Makes** nothing. Its metrics say how many marketplaces of the day are published.
* **Fails** when listings, scores or flags of the day are missing: its last line says which. What to
  do: `docs/runbooks/check_freshness.md`.
"""

from datetime import timedelta

from airflow.sdk import CronPartitionTimetable, dag
from platform_airflow.alerts import on_failure
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import day_of, step

# Six hours after the night began; zero: a new installation waits for the next morning.
MORNING = CronPartitionTimetable(
    "0 8 * * *", timezone="UTC", key_format="%Y-%m-%d", run_immediately=timedelta(0)
)


@dag(
    schedule=MORNING,
    doc_md=__doc__,
    tags=[Tag.MONITORING, Tag.NIGHTLY],
    default_args={"owner": Owner.DATA},
    on_failure_callback=on_failure,
    is_paused_upon_creation=False,
)
def check_freshness() -> None:
    """Is the day where it should be?"""

    @step(task_id="check_freshness")
    def check(partition_key: str | None = None) -> dict[str, int]:
        """Fail where a stage has not published the day."""
        from counterfeit_ml import monitoring

        return monitoring.check_freshness(settings(), day_of(partition_key))

    check()


check_freshness()
