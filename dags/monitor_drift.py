"""
### Monitor drift

Compares the day's scores, and a sample of its new pictures, with the days before: a population
stability index for each feature. Severe drift ends in a question to a person: retrain now?

* **For** ML engineers, who decide on a retraining, and data engineers, who see that a source has
  changed. The page *Drift* in the menu shows every day and both histograms of each feature.
* **Starts** when `score_listings` has made the asset `scored_listings` of the day; nothing waits
  for it, flagging least of all. For an earlier day by hand, with its partition key.
* **Makes** `drift/ds=…` and the asset `drift` of the day. Where a feature is severe that was not so
  the day before, the task `propose_retrain` waits in *Required Actions* for three days:
  *Retrain now* triggers `retrain_logo_model`, *Not now* and no answer end the run as it is.
* **Fails** when the day was not scored, or when the lake does not answer. Clear it, or leave it:
  the next night compares with the days there are. What to do about drift:
  `docs/runbooks/drift.md`.
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLBranchOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import PartitionedAssetTimetable, dag
from airflow.sdk.exceptions import AirflowSkipException
from platform_airflow.alerts import on_failure
from platform_airflow.assets import DRIFT, SCORED_LISTINGS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import day_of, step

RETRAIN, NOT_NOW = "Retrain now", "Not now"


@dag(
    schedule=PartitionedAssetTimetable(assets=SCORED_LISTINGS),
    doc_md=__doc__,
    tags=[Tag.MONITORING, Tag.NIGHTLY],
    # Airflow loses an answer given in the very second of the question, and asks again.
    default_args={"owner": Owner.ML, "retries": 2, "retry_delay": timedelta(seconds=10)},
    on_failure_callback=on_failure,
    is_paused_upon_creation=False,
)
def monitor_drift() -> None:
    """Scores and pictures against the days before, and a person's decision."""

    @step(outlets=[DRIFT])
    def measure_drift(partition_key: str | None = None) -> dict:
        """The day against its reference, into the lake."""
        from counterfeit_ml import monitoring

        return monitoring.measure_drift(settings(), day_of(partition_key)).figures

    @step()
    def describe(partition_key: str | None = None) -> str:
        """The question to a person, where the day asks one."""
        from counterfeit_ml.monitoring.report import proposal_of

        question = proposal_of(settings(), day_of(partition_key))
        if question is None:
            raise AirflowSkipException("No feature is newly severe: nothing is proposed.")
        return question

    question = describe()
    propose = HITLBranchOperator(
        task_id="propose_retrain",
        subject="Severe drift on {{ partition_key }}: retrain the logo model?",
        body="{{ ti.xcom_pull(task_ids='describe') }}",
        options=[RETRAIN, NOT_NOW],
        options_mapping={RETRAIN: "retrain", NOT_NOW: "not_now"},
        defaults=NOT_NOW,
        response_timeout=timedelta(days=3),
    )
    # One retraining for a day, however often its run is cleared.
    retrain = TriggerDagRunOperator(
        task_id="retrain",
        trigger_dag_id="retrain_logo_model",
        trigger_run_id="drift__{{ partition_key }}",
        logical_date=None,
        skip_when_already_exists=True,
    )
    measure_drift() >> question >> propose >> [retrain, EmptyOperator(task_id="not_now")]


monitor_drift()
