"""How good a model is on pictures it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.brands import NO_LOGO

FLAG_CONFIDENCE = 0.89  # the logo confidence above which config/rules.yaml flags
THRESHOLDS = tuple(step / 100 for step in range(100))
BINS = 10

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """One class against the rest: ``x`` and ``y`` from 0 to 1, and the area under them."""

    x: Floats
    y: Floats
    area: float


@dataclass(frozen=True)
class Evaluation:
    """Probabilities (N, classes) of pictures held out, beside their true class (N,)."""

    classes: tuple[str, ...]
    labels: Labels
    probabilities: Floats

    @property
    def predicted(self) -> Labels:
        """The most probable class of each picture."""
        found: Labels = self.probabilities.argmax(axis=1)
        return found

    @property
    def confidence(self) -> Floats:
        """Its probability."""
        found: Floats = self.probabilities.max(axis=1)
        return found

    @property
    def no_logo(self) -> int:
        """The index of the class ``no_logo``, -1 where the classes have none."""
        return self.classes.index(NO_LOGO) if NO_LOGO in self.classes else -1

    def confusion(self) -> NDArray[np.int64]:
        """Pictures by true class (rows) and predicted class (columns)."""
        size = len(self.classes)
        pairs = self.labels * size + self.predicted
        return np.bincount(pairs, minlength=size * size).reshape(size, size)

    def metrics(self) -> dict[str, float]:
        """Accuracy, macro-F1, calibration error, and what the rule's confidence would flag.

        The false-positive rate is missing where no picture is ``no_logo``.
        """
        flags = self.flags(FLAG_CONFIDENCE)
        found = {
            "accuracy": float((self.predicted == self.labels).mean()),
            "macro_f1": self.macro_f1(),
            "ece": self.calibration_error(),
            "recall_at_0_89": flags["recall"],
            "precision_at_0_89": flags["precision"],
        }
        if "no_logo_false_positive_rate" in flags:
            name = "no_logo_false_positive_rate_at_0_89"
            found[name] = flags["no_logo_false_positive_rate"]
        return found

    def macro_f1(self) -> float:
        """The mean F1 of the classes that have a picture or were given one (as scikit-learn)."""
        matrix = self.confusion()
        present = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
        return float(self._scores()[2][present].mean())

    def _scores(self) -> tuple[Floats, Floats, Floats]:
        """Precision, recall and F1 of each class; 0 where undefined."""
        matrix = self.confusion()
        hits = np.diag(matrix)
        precision, recall = _ratio(hits, matrix.sum(axis=0)), _ratio(hits, matrix.sum(axis=1))
        return precision, recall, _ratio(2 * precision * recall, precision + recall)

    def per_class(self) -> dict[str, list[Any]]:
        """Precision, recall, F1, areas and number of pictures of each class; 0 where undefined.

        ``pr_auc`` is the average precision, ``roc_auc`` the area under the ROC curve; both are
        None for a class that has no picture, or all of them.
        """
        precision, recall, f1 = self._scores()
        roc, pr = self.roc_curves, self.precision_recall_curves
        return {
            "class": list(self.classes),
            "precision": precision.tolist(),
            "recall": recall.tolist(),
            "f1": f1.tolist(),
            "pr_auc": [pr[name].area if name in pr else None for name in self.classes],
            "roc_auc": [roc[name].area if name in roc else None for name in self.classes],
            "pictures": np.bincount(self.labels, minlength=len(self.classes)).tolist(),
        }

    @cached_property
    def roc_curves(self) -> dict[str, Curve]:
        """False-positive rate (x) and recall (y) of each class that has pictures beside others."""
        from sklearn.metrics import auc, roc_curve

        curves = {}
        for name, truth, score in self._one_against_rest():
            false_positives, recall, _ = roc_curve(truth, score)
            area = float(auc(false_positives, recall))
            curves[name] = Curve(false_positives, recall, area)
        return curves

    @cached_property
    def precision_recall_curves(self) -> dict[str, Curve]:
        """Recall (x) and precision (y) of each class that has pictures beside others."""
        from sklearn.metrics import average_precision_score, precision_recall_curve

        curves = {}
        for name, truth, score in self._one_against_rest():
            precision, recall, _ = precision_recall_curve(truth, score)
            area = float(average_precision_score(truth, score))
            curves[name] = Curve(recall[::-1], precision[::-1], area)
        return curves

    def _one_against_rest(self) -> list[tuple[str, NDArray[np.bool_], Floats]]:
        columns = [
            (name, self.labels == index, self.probabilities[:, index])
            for index, name in enumerate(self.classes)
        ]
        return [column for column in columns if column[1].any() and not column[1].all()]

    def flags(self, threshold: float) -> dict[str, float]:
        """Were brands flagged whose confidence is above ``threshold``: how many, how rightly.

        A flag is right when the brand is; precision without a flag counts as 1. The
        false-positive rate, of the pictures without a logo, is missing where there are none.
        """
        flagged = (self.confidence > threshold) & (self.predicted != self.no_logo)
        right = flagged & (self.predicted == self.labels)
        branded = self.labels != self.no_logo
        found = {
            "threshold": threshold,
            "flagged": int(flagged.sum()),
            "precision": float(right.sum() / flagged.sum()) if flagged.any() else 1.0,
            "recall": float(right[branded].mean()) if branded.any() else 0.0,
        }
        if not branded.all():
            found["no_logo_false_positive_rate"] = float(flagged[~branded].mean())
        return found

    def threshold_table(self) -> dict[str, list[float]]:
        """:meth:`flags` at each of ``THRESHOLDS``, a list for each column."""
        return columns([self.flags(threshold) for threshold in THRESHOLDS])

    def mistakes(self) -> Labels:
        """Indices of the pictures judged wrongly, the surest mistake first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    def confused(self) -> dict[str, list[Any]]:
        """Which class was taken for which, and how often; the most frequent first."""
        matrix = self.confusion()
        np.fill_diagonal(matrix, 0)
        rows, places = np.nonzero(matrix)
        order = np.argsort(-matrix[rows, places], kind="stable")
        return {
            "true": [self.classes[row] for row in rows[order]],
            "predicted": [self.classes[place] for place in places[order]],
            "pictures": matrix[rows, places][order].tolist(),
        }

    def reliability(self) -> dict[str, list[float]]:
        """In ``BINS`` equal bins of confidence: mean confidence, accuracy, pictures; none empty."""
        right = self.predicted == self.labels
        place = np.minimum((self.confidence * BINS).astype(int), BINS - 1)
        rows = [(place == one) for one in range(BINS) if (place == one).any()]
        return columns(
            [
                {
                    "confidence": float(self.confidence[row].mean()),
                    "accuracy": float(right[row].mean()),
                    "pictures": int(row.sum()),
                }
                for row in rows
            ]
        )

    def calibration_error(self) -> float:
        """Expected calibration error (Guo et al. 2017, eq. 3)."""
        table = self.reliability()
        gap = np.abs(np.subtract(table["confidence"], table["accuracy"]))
        return float(np.average(gap, weights=table["pictures"]))


def likely_range(part: int, whole: int) -> tuple[float, float]:
    """The 95 % confidence interval of ``part`` / ``whole`` (Wilson 1927); ``whole`` is not 0."""
    from scipy.stats import binomtest

    interval = binomtest(part, whole).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def columns(rows: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    """Rows as a list for each column."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def _ratio(part: Floats | Labels, whole: Floats | Labels) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)
