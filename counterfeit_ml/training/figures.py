"""The pictures of a training run that MLflow keeps."""

import numpy as np
from matplotlib.figure import Figure

from counterfeit_ml.training.evaluation import FLAG_CONFIDENCE, Evaluation


def confusion_figure(evaluation: Evaluation) -> Figure:
    """The confusion matrix, coloured by the share of each true class."""
    matrix = evaluation.confusion()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(matrix), strict=True):
        ink = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=ink)
    names = range(len(evaluation.classes))
    axes.set_xticks(names, evaluation.classes, rotation=45, ha="right")
    axes.set_yticks(names, evaluation.classes)
    axes.set(xlabel="predicted", ylabel="true", title="Pictures held out, by class")
    return figure


def reliability_figure(evaluation: Evaluation) -> Figure:
    """Accuracy beside confidence: a calibrated model lies on the diagonal."""
    table = evaluation.reliability()
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="calibrated")
    axes.plot(table["confidence"], table["accuracy"], marker="o", label="this model")
    for x, y, pictures in zip(*table.values(), strict=True):
        axes.annotate(f"{pictures}", (x, y), (0, 8), textcoords="offset points", ha="center")
    axes.axvline(FLAG_CONFIDENCE, color="firebrick", label=f"flagged above {FLAG_CONFIDENCE}")
    title = f"Reliability, expected calibration error {evaluation.calibration_error():.3f}"
    axes.set(xlabel="confidence", ylabel="accuracy", title=title, xlim=(0, 1), ylim=(0, 1.05))
    axes.legend(loc="upper left")
    return figure
