"""
### Import labels

Takes labelled pictures into the lake as one label set: pictures to `images/`, labels to
`labels/label_set=…`, each with its group and its split, training or evaluation.

* **For** ML engineers, who have pictures to train on, and data engineers, who got them from a shop.
* **Starts** by hand with *Trigger*: `source` is a folder that holds a folder a class, or a CSV
  with the columns image, label and perhaps seller_id; a path that the worker sees, or `s3://…`.
* **Makes** the asset `labels`. The set is replaced whole; pictures that stay keep their split.
* **Shows** on the run's tab *Results* how many pictures came in, and what was refused and why.
* **Fails** when the source cannot be read, a folder is no brand of `config/brands.yaml`, or a class
  has no usable picture: its last line says which. A single bad picture never fails it.
"""

from typing import Any

from airflow.sdk import Param, dag
from platform_airflow.alerts import on_failure
from platform_airflow.assets import LABELS
from platform_airflow.connections import settings
from platform_airflow.defaults import Owner, Tag
from platform_airflow.steps import step

PARAMS = {
    "source": Param(
        type="string",
        minLength=1,
        title="Source",
        description="The path or s3:// address of a folder of classes, or of a CSV.",
    ),
    "label_set": Param(
        None,
        type=["null", "string"],
        title="Label set",
        description="Its name in the lake. None: the name of the folder or CSV.",
    ),
    "origin": Param(
        "seed",
        type="string",
        enum=["seed", "review", "synthetic"],
        title="Origin",
        description="Where two sets label one picture, review counts more than seed.",
    ),
    "brands": Param(
        [],
        type=["null", "array"],
        items={"type": "string"},
        title="Classes",
        description="One a line, instead of the brands of config/brands.yaml; all: every folder.",
    ),
    "hard_negatives": Param(
        False,
        type="boolean",
        title="Hard negatives",
        description="Folders of other makers' goods are taken too, as no_logo.",
    ),
}


@dag(
    schedule=None,
    doc_md=__doc__,
    tags=[Tag.TRAINING],
    default_args={"owner": Owner.ML},
    on_failure_callback=on_failure,
    is_paused_upon_creation=False,
    # Splits of one set must not be decided while those of another are.
    max_active_runs=1,
    params=PARAMS,
)
def import_labels() -> None:
    """A folder or a CSV into one label set."""

    @step(task_id="import_labels", outlets=[LABELS])
    def take(params: Any = None) -> dict[str, int]:
        """Refuse what cannot be learned from, store the rest, and count both."""
        from counterfeit_ml.brands import load_brands
        from counterfeit_ml.lake import Lake
        from counterfeit_ml.training import import_labels, set_name

        found, source = settings(), params["source"]
        summary = import_labels(
            Lake(found),
            load_brands(found.config_dir),
            source,
            params["label_set"] or set_name(source),
            params["origin"],
            params["brands"] or (),
            params["hard_negatives"],
        )
        return summary.figures()

    take()


import_labels()
