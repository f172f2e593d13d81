"""
### Retrain the logo model

Trains MobileNet v1 on the labelled pictures in the lake, the newest decisions of the page *Review*
among them, logs the run to MLflow, registers it as
`logo-classifier` and compares it with the champion on the pictures kept back for evaluation. Where
it is not worse, the alias `champion` moves to it; else the champion stays and the run is a success
all the same. The decision, its reasons and the figures of both are tags of the version in MLflow.

* **For** ML engineers, who compare the run with earlier ones in MLflow (button on the task).
* **Starts** weekly, Sunday 04:00 UTC; when `import_labels` or `import_reviews` has made the asset
  `labels`, if at least `min_new_labels` of them are new to the champion (else the run ends
  skipped); where a person answers *Retrain now* to `monitor_drift`; or by hand with *Trigger*.
  `label_sets` takes some of the label sets in the lake instead of all, `brands` other classes than
  the catalogue's; `counterfeit labels DIR` brings pictures in. With `require_approval` a version
  that shall be promoted waits for a person in *Required Actions*.
* **Makes** a version of `logo-classifier`. The next night scores every picture anew with a new
  champion. `counterfeit rollback` takes it back.
* **Fails** when the labels fail `expectations/training_images.json` (a brand without a picture,
  a picture under two labels), when MLflow or the lake do not answer for minutes, or when the
  model is broken or knows nothing. The champion stays, and the run in MLflow is marked failed.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, TriggerRule, dag
from airflow.sdk.exceptions import AirflowSkipException
from platform_airflow.alerts import on_failure
from platform_airflow.approval import ApproveChampion
from platform_airflow.assets import LABELS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import step

# Zero: a new installation, which has no labels yet, waits for the next Sunday.
WEEKLY = CronTriggerTimetable("0 4 * * 0", timezone="UTC", run_immediately=timedelta(0))


@dag(
    schedule=AssetOrTimeSchedule(timetable=WEEKLY, assets=[LABELS]),
    doc_md=__doc__,
    tags=[Tag.TRAINING],
    default_args={"owner": Owner.ML},
    on_failure_callback=on_failure,
    is_paused_upon_creation=False,
    max_active_runs=1,
    params={
        "label_sets": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="Label sets",
            description="One a line, as in labels/label_set=…; none: all of them.",
        ),
        "brands": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="Classes",
            description="One a line, instead of the brands of config/brands.yaml; all: every one.",
        ),
        "min_new_labels": Param(
            50,
            type="integer",
            minimum=1,
            title="New labels at least",
            description="Only for a run that the asset labels starts: fewer are left for later.",
        ),
        "seed": Param(
            2018, type="integer", title="Seed", description="The same seed gives the same metrics."
        ),
        "fine_tune": Param(
            True,
            type="boolean",
            title="Fine-tune",
            description="Also the network's upper blocks: minutes more, and far better.",
        ),
        "require_approval": Param(
            False,
            type="boolean",
            title="Require approval",
            description="A person decides in Required Actions before the champion changes.",
        ),
    },
)
def retrain_logo_model() -> None:
    """Labels to champion."""

    @step()
    def take_reviews() -> dict:
        """Bring what reviewers decided into the lake, as the label set `reviews`."""
        from counterfeit_ml.training import import_reviews

        summary = import_reviews(settings())
        return summary.figures() if summary else {}

    @step()
    def enough_labels(dag_run: Any = None, params: Any = None) -> dict:
        """Where labels started the run: go on if enough of them are new to the champion."""
        from counterfeit_ml.training.new_labels import new_labels

        if dag_run.run_type != "asset_triggered":
            return {}
        found = new_labels(settings())
        if found.count < params["min_new_labels"]:
            raise AirflowSkipException(
                f"{found}; {params['min_new_labels']} are needed to retrain. The weekly run takes "
                "them along, or trigger it by hand."
            )
        return {"new_labels": found.count}

    @step(task_id="validate_training_images")
    def validate(params: Any = None) -> dict:
        """Run the suite over the labels; a failing expectation stops the training."""
        from dataclasses import asdict

        from counterfeit_ml import validation

        sets, brands = params["label_sets"] or (), params["brands"] or ()
        return asdict(validation.validate_training_images(settings(), sets, brands))

    @step()
    def train(params: Any = None) -> dict:
        """Train, evaluate, register, and decide against the champion."""
        from dataclasses import asdict

        from counterfeit_ml.training import retrain

        sets, brands = params["label_sets"] or (), params["brands"] or ()
        fine_tune = params["fine_tune"]
        return asdict(
            retrain(settings(), sets, params["seed"], brands, fine_tune=fine_tune, promote=False)
        )

    # Not where `train` was skipped, because too few labels were new.
    @step(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    def promote(trained: dict, answer: Any) -> dict:
        """Move the alias `champion`, if that was decided and nobody rejects it."""
        from dataclasses import asdict

        from counterfeit_ml.training import conclude

        return asdict(conclude(settings(), trained["version"], answer))

    trained = train()
    approved = ApproveChampion(task_id="approve", asked_by="train")
    take_reviews() >> enough_labels() >> validate() >> trained >> approved
    promote(trained, approved.output)


retrain_logo_model()
