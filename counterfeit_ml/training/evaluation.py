"""How good a model is on pictures it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.brands import NO_LOGO

FLAG_CONFIDENCE = 0.89  # the logo confidence above which config/rules.yaml flags
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, FLAG_CONFIDENCE, 0.92, 0.95, 0.97, 0.99)
BINS = 10

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


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

    def confusion(self) -> NDArray[np.int64]:
        """Pictures by true class (rows) and predicted class (columns)."""
        size = len(self.classes)
        pairs = self.labels * size + self.predicted
        return np.bincount(pairs, minlength=size * size).reshape(size, size)

    def metrics(self) -> dict[str, float]:
        """Accuracy, macro-F1, calibration error, and what the rule's confidence would flag."""
        per_class = self.per_class()
        flags = self.flags(FLAG_CONFIDENCE)
        return {
            "accuracy": float((self.predicted == self.labels).mean()),
            "macro_f1": float(np.mean(per_class["f1"])),
            "ece": self.calibration_error(),
            "recall_at_0_89": flags["recall"],
            "precision_at_0_89": flags["precision"],
            "no_logo_false_positive_rate_at_0_89": flags["no_logo_false_positive_rate"],
        }

    def per_class(self) -> dict[str, list[Any]]:
        """Precision, recall, F1 and number of pictures of each class; 0 where undefined."""
        matrix = self.confusion()
        hits = np.diag(matrix)
        precision = _ratio(hits, matrix.sum(axis=0))
        recall = _ratio(hits, matrix.sum(axis=1))
        return {
            "class": list(self.classes),
            "precision": precision.tolist(),
            "recall": recall.tolist(),
            "f1": _ratio(2 * precision * recall, precision + recall).tolist(),
            "pictures": matrix.sum(axis=1).tolist(),
        }

    def flags(self, threshold: float) -> dict[str, float]:
        """Were brands flagged whose confidence is above ``threshold``: how many, how rightly.

        A flag is right when the brand is; precision without a flag counts as 1.
        """
        none = self.classes.index(NO_LOGO)
        flagged = (self.confidence > threshold) & (self.predicted != none)
        right = flagged & (self.predicted == self.labels)
        branded = self.labels != none
        return {
            "threshold": threshold,
            "flagged": int(flagged.sum()),
            "precision": float(right.sum() / flagged.sum()) if flagged.any() else 1.0,
            "recall": float(right[branded].mean()) if branded.any() else 0.0,
            "no_logo_false_positive_rate": (
                float(flagged[~branded].mean()) if not branded.all() else 0.0
            ),
        }

    def threshold_table(self) -> dict[str, list[float]]:
        """:meth:`flags` at each of ``THRESHOLDS``, a list for each column."""
        return columns([self.flags(threshold) for threshold in THRESHOLDS])

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


def columns(rows: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    """Rows as a list for each column."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def _ratio(part: Floats | Labels, whole: Floats | Labels) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole != 0)
