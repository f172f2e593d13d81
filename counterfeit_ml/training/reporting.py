"""What a training run shows in MLflow: metrics, diagrams, tables, contact sheets."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.registry import Run
from counterfeit_ml.training.contact_sheet import MOST, Frame, contact_sheet
from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.label_issues import find_label_issues

if TYPE_CHECKING:
    from PIL import Image

CLASS_METRICS = ("precision", "recall", "f1", "pr_auc", "roc_auc")
NOT_IN_A_NAME = re.compile(r"[^\w.\- ]")  # of what MLflow allows, all but the slash that groups

Load = Callable[[str], bytes]


def log_evaluation(run: Run, evaluation: Evaluation, digests: Sequence[str], load: Load) -> None:
    """Log all of an evaluation; ``digests`` (N,) name its pictures, which ``load`` fetches."""
    from counterfeit_ml.training.figures import figures

    _log_metrics(run, evaluation)
    for name, figure in figures(evaluation).items():
        run.log_figure(figure, f"figures/{name}.png")
    run.log_table(evaluation.per_class(), "tables/classes.json")
    run.log_table(evaluation.threshold_table(), "tables/thresholds.json")
    run.log_table(evaluation.reliability(), "tables/reliability.json")
    run.log_table(evaluation.confused(), "tables/confused.json")
    mistakes = evaluation.mistakes()
    run.log_table(picture_table(evaluation, digests, mistakes), "tables/mistakes.json")
    run.log_image(mistakes_sheet(evaluation, digests, load), "figures/worst_mistakes.png")


def log_label_issues(run: Run, evaluation: Evaluation, digests: Sequence[str], load: Load) -> int:
    """Log the labels most likely wrong; returns how many. ``evaluation`` is of held-out pictures,
    and of all of them: what was trained on believes its labels.
    """
    issues = find_label_issues(evaluation)
    run.log_table(picture_table(evaluation, digests, issues), "tables/label_issues.json")
    run.log_image(label_issues_sheet(evaluation, digests, load), "figures/label_issues.png")
    return len(issues)


def _log_metrics(run: Run, evaluation: Evaluation) -> None:
    run.log_metrics(evaluation.metrics())
    table = evaluation.per_class()
    for measure in CLASS_METRICS:
        values = zip(table["class"], table[measure], strict=True)
        run.log_metrics(
            {
                f"{measure}/{NOT_IN_A_NAME.sub('_', name)}": value
                for name, value in values
                if value is not None
            }
        )


def mistakes_sheet(evaluation: Evaluation, digests: Sequence[str], load: Load) -> "Image.Image":
    """The surest mistakes as pictures: the class of each, the one predicted, how surely."""
    mistakes = evaluation.mistakes()
    title = f"The surest {min(MOST, len(mistakes))} of {len(mistakes)} mistakes on {len(digests)}"
    return contact_sheet(
        f"{title} pictures held out: true class → predicted class, its probability",
        _frames(evaluation, digests, mistakes[:MOST]),
        load,
    )


def label_issues_sheet(evaluation: Evaluation, digests: Sequence[str], load: Load) -> "Image.Image":
    """The pictures whose label looks wrong, the most suspect first."""
    issues = find_label_issues(evaluation)
    title = f"{len(issues)} of {len(digests)} labels may be wrong"
    if len(issues) > MOST:
        title += f", the {MOST} most suspect"
    return contact_sheet(
        f"{title}: label → what the picture looks like, with which probability",
        _frames(evaluation, digests, issues[:MOST]),
        load,
    )


def picture_table(
    evaluation: Evaluation, digests: Sequence[str], rows: NDArray[np.int64]
) -> dict[str, list[Any]]:
    """These pictures with their label and what was predicted, a list for each column."""
    labels, predicted = evaluation.labels[rows], evaluation.predicted[rows]
    return {
        "image_sha256": [digests[row] for row in rows],
        "label": [evaluation.classes[label] for label in labels],
        "predicted": [evaluation.classes[label] for label in predicted],
        "confidence": evaluation.confidence[rows].round(4).tolist(),
        "label_probability": evaluation.probabilities[rows, labels].round(4).tolist(),
    }


def _frames(evaluation: Evaluation, digests: Sequence[str], rows: NDArray[np.int64]) -> list[Frame]:
    table = picture_table(evaluation, digests, rows)
    columns = (table[name] for name in ("image_sha256", "label", "predicted", "confidence"))
    return [
        Frame(digest, (label, f"→ {predicted} {confidence:.2f}", digest[:12]))
        for digest, label, predicted, confidence in zip(*columns, strict=True)
    ]
