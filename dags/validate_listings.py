"""
### Validate listings

Runs the Great Expectations suite `expectations/listings.json` over the day's listings, all
marketplaces together, and adds the result to Data Docs (in the menu).

* **For** data engineers, who read in Data Docs what is wrong with a day.
* **Starts** when `ingest_listings` has made the asset `listings` of the day.
* **Makes** the asset `validated_listings` of the day, which starts `score_listings`.
* **Fails** when an expectation fails: the task's last line names it and the rows, nothing goes
  on, and yesterday's flags stay as they are. Mend the source or the suite, then clear the task.
"""

from airflow.sdk import PartitionedAssetTimetable, dag
from platform_airflow.alerts import done_within, on_failure
from platform_airflow.assets import LISTINGS, VALIDATED_LISTINGS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import day_of, step


@dag(
    schedule=PartitionedAssetTimetable(assets=LISTINGS),
    doc_md=__doc__,
    tags=[Tag.VALIDATION, Tag.NIGHTLY],
    default_args={"owner": Owner.DATA},
    on_failure_callback=on_failure,
    deadline=done_within(minutes=30),
    is_paused_upon_creation=False,
)
def validate_listings() -> None:
    """The day's listings against their expectations."""

    @step(task_id="validate_listings", outlets=[VALIDATED_LISTINGS])
    def validate(partition_key: str | None = None) -> dict:
        """Run the suite; one failing expectation stops the chain."""
        from dataclasses import asdict

        from counterfeit_ml import validation

        return asdict(validation.validate_listings(settings(), day_of(partition_key)))

    validate()


validate_listings()
