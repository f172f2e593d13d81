"""The diagrams of a training run that MLflow keeps.

With many classes a diagram shows those with the most to say, and its title says which.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from counterfeit_ml.training.evaluation import FLAG_CONFIDENCE, THRESHOLDS, Curve, Evaluation

MOST_ROWS = 45  # more names than these cannot be read
MOST_CURVES = 12  # more colours than these cannot be told apart
WORST_CURVES = 6
LONGEST_NAME = 30
OTHERS = "all others"


def figures(evaluation: Evaluation) -> dict[str, Figure]:
    """Every diagram of an evaluation, by its name."""
    return {
        "confusion": confusion_figure(evaluation),
        "per_class": per_class_figure(evaluation),
        "precision_recall": precision_recall_figure(evaluation),
        "reliability": reliability_figure(evaluation),
        "roc": roc_figure(evaluation),
        "thresholds": threshold_figure(evaluation),
    }


def confusion_figure(evaluation: Evaluation) -> Figure:
    """The confusion matrix, coloured by the share of each true class."""
    names, matrix, title = _confused_most(evaluation)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = 3 + 0.32 * len(names)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(matrix), strict=True):
        ink = "white" if shares[row, column] > 0.5 else "black"
        text = str(matrix[row, column])
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=8)
    shown = [_short(name) for name in names]
    axes.set_xticks(range(len(names)), shown, rotation=90, parse_math=False)
    axes.set_yticks(range(len(names)), shown, parse_math=False)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    figure.colorbar(image, ax=axes, shrink=0.6, label="share of the true class")
    return figure


def _confused_most(evaluation: Evaluation) -> tuple[list[str], NDArray[np.int64], str]:
    """Names, counts and title; of many classes those most often confused, the rest as one."""
    matrix, names = evaluation.confusion(), list(evaluation.classes)
    if len(names) <= MOST_ROWS:
        return names, matrix, "Pictures held out, by class"
    wrong = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * np.diag(matrix)
    kept = np.sort(np.argsort(-wrong, kind="stable")[: MOST_ROWS - 1])
    place = np.full(len(names), len(kept))
    place[kept] = range(len(kept))
    folded = np.zeros((len(kept) + 1, len(kept) + 1), np.int64)
    np.add.at(folded, (place[:, None], place[None, :]), matrix)
    title = f"Pictures held out: the {len(kept)} of {len(names)} classes most often confused"
    return [*(names[index] for index in kept), OTHERS], folded, title


def per_class_figure(evaluation: Evaluation) -> Figure:
    """Precision and recall of each class, ordered by F1; of many classes the lowest."""
    table = evaluation.per_class()
    order = [index for index in np.argsort(table["f1"], kind="stable") if table["pictures"][index]]
    shown = order[:MOST_ROWS]
    height = 1.6 + 0.26 * len(shown)
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.add_subplot()
    rows = range(len(shown))
    precision = [table["precision"][index] for index in shown]
    recall = [table["recall"][index] for index in shown]
    axes.hlines(rows, precision, recall, color="lightgrey", linewidth=3, zorder=1)
    axes.scatter(precision, rows, color="tab:blue", label="precision", zorder=2)
    axes.scatter(recall, rows, color="tab:orange", marker="D", label="recall", zorder=2)
    texts = [f"{_short(table['class'][index])} ({table['pictures'][index]})" for index in shown]
    axes.set_yticks(rows, texts, parse_math=False)
    which = f"{len(shown)} of {len(order)}" if len(shown) < len(order) else "all"
    title = f"Precision and recall of {which} classes, lowest F1 first"
    axes.set(xlabel="share", ylabel="class (pictures)", xlim=(-0.02, 1.02), title=title)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="lower left", framealpha=1)
    return figure


def threshold_figure(evaluation: Evaluation) -> Figure:
    """Precision, recall and no-logo false positives of what each threshold would flag."""
    table, marked = evaluation.threshold_table(), evaluation.flags(FLAG_CONFIDENCE)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    shown = (
        ("precision", "tab:blue", "precision"),
        ("recall", "tab:orange", "recall"),
        ("no_logo_false_positive_rate", "firebrick", "false positives without a logo"),
    )
    for key, colour, text in shown:
        if key in table:
            label = f"{text}, {marked[key]:.3f} at {FLAG_CONFIDENCE}"
            axes.plot(THRESHOLDS, table[key], color=colour, label=label)
            axes.plot([FLAG_CONFIDENCE], [marked[key]], "o", color=colour)
    axes.axvline(FLAG_CONFIDENCE, color="black", linestyle=":", label="the rule's 0.89")
    title = f"Brands flagged above a logo confidence ({marked['flagged']:.0f} at 0.89)"
    axes.set(xlabel="threshold", ylabel="share", title=title, xlim=(0, 1), ylim=(-0.02, 1.02))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def roc_figure(evaluation: Evaluation) -> Figure:
    """The ROC curves: each class against the rest, of many classes the worst and the mean."""
    figure, axes = _square("false-positive rate", "recall", "ROC, each class against the rest")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1)
    _draw_curves(axes, evaluation.roc_curves)
    _explain(figure, "area under the curve")
    return figure


def precision_recall_figure(evaluation: Evaluation) -> Figure:
    """The precision-recall curves: each class, of many classes the worst and the mean."""
    title = "Precision and recall, each class against the rest"
    figure, axes = _square("recall", "precision", title)
    _draw_curves(axes, evaluation.precision_recall_curves, step=True)
    _explain(figure, "average precision")
    return figure


def _square(xlabel: str, ylabel: str, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(10.5, 6.5), layout="constrained")
    axes, beside = figure.subplots(1, 2, width_ratios=(6.2, 4.3))
    beside.set_axis_off()
    limits = {"xlim": (-0.01, 1.01), "ylim": (-0.01, 1.02)}
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title, **limits)
    axes.grid(alpha=0.3)
    return figure, axes


def _explain(figure: Figure, area: str) -> None:
    """The legend, beside the curves rather than on them."""
    axes, beside = figure.axes
    lines, texts = axes.get_legend_handles_labels()
    legend = beside.legend(lines, texts, title=f"{area}, lowest first", loc="upper left")
    for text in legend.get_texts():
        text.set_parse_math(False)


def _draw_curves(axes: Axes, curves: Mapping[str, Curve], step: bool = False) -> None:
    worst = sorted(curves, key=lambda name: curves[name].area)
    shown = worst if len(curves) <= MOST_CURVES else worst[:WORST_CURVES]
    style: dict[str, Any] = {"drawstyle": "steps-pre"} if step else {}
    for number, name in enumerate(shown):
        curve = curves[name]
        label = f"{curve.area:.3f}  {_short(name)}"
        colour = f"C{number}" if number < 10 else ("black", "gold")[number - 10]
        axes.plot(curve.x, curve.y, label=label, color=colour, linewidth=1.4, **style)
    if len(shown) < len(curves):
        _draw_rest(axes, list(curves.values()))


def _draw_rest(axes: Axes, curves: Sequence[Curve]) -> None:
    """The mean of all classes, and between which values eight in ten of them lie."""
    grid = np.linspace(0, 1, 201)
    values = np.stack([_highest_at(curve, grid) for curve in curves])
    low, high = np.quantile(values, (0.1, 0.9), axis=0)
    mean = float(np.mean([curve.area for curve in curves]))
    label = f"{mean:.3f}  mean of all {len(curves)} classes"
    axes.plot(grid, values.mean(axis=0), color="black", linewidth=2.5, label=label)
    axes.fill_between(grid, low, high, color="black", alpha=0.12, label="eight in ten classes")


def _highest_at(curve: Curve, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curve's value at each point of the grid; the top where it rises straight up."""
    x, first = np.unique(curve.x, return_index=True)
    return np.interp(grid, x, np.maximum.reduceat(curve.y, first))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def reliability_figure(evaluation: Evaluation) -> Figure:
    """Accuracy beside confidence: a calibrated model lies on the diagonal."""
    table = evaluation.reliability()
    figure = Figure(figsize=(6.5, 7.5), layout="constrained")
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="calibrated")
    axes.plot(table["confidence"], table["accuracy"], marker="o", label="this model")
    title = f"Reliability, expected calibration error {evaluation.calibration_error():.3f}"
    axes.set(ylabel="accuracy", title=title, xlim=(0, 1), ylim=(0, 1.05))
    heights = counts.bar(table["confidence"], table["pictures"], width=0.05, color="tab:blue")
    counts.bar_label(heights, fontsize=8)
    counts.set(xlabel="confidence", ylabel="pictures")
    counts.margins(y=0.3)
    for part in (axes, counts):
        part.axvline(FLAG_CONFIDENCE, color="firebrick", label=f"flagged above {FLAG_CONFIDENCE}")
        part.grid(alpha=0.3)
    axes.legend(loc="upper left")
    return figure
