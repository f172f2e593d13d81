"""
### Import reviews

Takes what reviewers decided on the page *Review* into the lake as the label set `reviews`, so that
the model learns from it: of each picture what the last decision says that it shows.

* **For** ML engineers; the reviewers themselves need nothing but their page.
* **Starts** daily, 01:00 UTC, or by hand. `retrain_logo_model` does the same before each training.
* **Makes** the asset `labels`, if a label has come or gone: else the run ends skipped. The set is
  replaced whole; pictures that stay keep their split.
* **Shows** on the run's tab *Results* how many labels there are, and what was left out and why: a
  picture of which two decisions say two things, a brand that `config/brands.yaml` has no more.
* **Fails** when the warehouse or the lake does not answer; run it again then.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag
from airflow.sdk.exceptions import AirflowSkipException
from platform_airflow.alerts import on_failure
from platform_airflow.assets import LABELS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import step

DAILY = CronTriggerTimetable("0 1 * * *", timezone="UTC", run_immediately=timedelta(0))


@dag(
    schedule=DAILY,
    doc_md=__doc__,
    tags=[Tag.TRAINING],
    default_args={"owner": Owner.ML},
    on_failure_callback=on_failure,
    is_paused_upon_creation=False,
    max_active_runs=1,
)
def import_reviews() -> None:
    """Decisions into one label set."""

    @step(task_id="import_reviews", outlets=[LABELS])
    def take() -> dict[str, int]:
        """Replace the label set, and count."""
        from counterfeit_ml.training import import_reviews

        summary = import_reviews(settings())
        if summary is None:
            raise AirflowSkipException("No label has come or gone since the last import.")
        return summary.figures()

    take()


import_reviews()
