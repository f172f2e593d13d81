"""Learns the logo model from labelled pictures: features, head, calibration."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.training import head, network
from counterfeit_ml.training.dataset import TrainingSet
from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.features import VIEWS, extract
from counterfeit_ml.training.head import Curve
from counterfeit_ml.training.weights import Weights

if TYPE_CHECKING:
    import keras

Features = NDArray[np.float32]

RECIPE = {
    "network": "MobileNet v1 1.0 224, frozen",
    "views_per_picture": VIEWS,
    "l2": head.L2,
    "iterations": head.ITERATIONS,
}
"""What decides a model beside pictures, weights and seed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Learned:
    """A model, and how good it is by cross-validation."""

    model: "keras.Model"
    """uint8 RGB (N, 224, 224, 3) to calibrated probabilities (N, classes)."""
    held_out: Evaluation
    """Every picture judged by a model that has not seen its group."""
    temperature: float
    loss: list[float]
    """After each iteration, the folds' mean."""
    held_out_loss: list[float]


def learn(
    data: TrainingSet, load: Callable[[str], bytes], weights: Weights, cache_dir: Path, seed: int
) -> Learned:
    """Learn from all pictures of ``data``, which ``load`` fetches by digest.

    The same arguments give the same metrics. Raises ``TrainingError`` or ``PictureError``.
    """
    features = extract(data.digests, load, weights, cache_dir)
    evaluation, temperature, curves = _cross_validate(data, features, seed)
    log.info("fitting the head on all pictures")
    final, _ = head.fit_head(*_all_views(features, data.labels), len(data.classes))
    return Learned(
        network.classifier(weights, final.cooled(temperature)),
        evaluation,
        temperature,
        _mean([curve.trained for curve in curves]),
        _mean([curve.watched for curve in curves]),
    )


def _cross_validate(
    data: TrainingSet, features: Features, seed: int
) -> tuple[Evaluation, float, list[Curve]]:
    """Every picture judged by a head that has not seen its group, and the temperature for that.

    Cross-validation, not one held-out part: of five pictures of a brand, one says nothing.
    """
    folds = list(data.folds(seed))
    logits = np.zeros((len(data.labels), len(data.classes)))
    curves = []
    for number, (train, held) in enumerate(folds, 1):
        watch = (features[held, 0], data.labels[held])
        fitted, curve = head.fit_head(
            *_all_views(features[train], data.labels[train]), len(data.classes), watch
        )
        logits[held] = fitted.logits(features[held, 0])
        curves.append(curve)
        log.info("fold %d of %d: held-out loss %.3f", number, len(folds), curve.watched[-1])
    probabilities = _calibrated(logits, data.labels, folds)
    temperature = head.fit_temperature(logits, data.labels)
    return Evaluation(data.classes, data.labels, probabilities), temperature, curves


def _calibrated(
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> NDArray[np.float64]:
    """Each fold's probabilities, with a temperature fitted on the other folds only."""
    from scipy.special import softmax

    probabilities = np.zeros_like(logits)
    for others, held in folds:
        temperature = head.fit_temperature(logits[others], labels[others])
        probabilities[held] = softmax(logits[held] / temperature, axis=1)
    return probabilities


def _all_views(features: Features, labels: NDArray[np.int64]) -> tuple[Features, NDArray[np.int64]]:
    return features.reshape(-1, features.shape[-1]), np.repeat(labels, features.shape[1])


def _mean(curves: Sequence[Sequence[float]]) -> list[float]:
    """The folds' mean after each iteration; a fold that has converged keeps its last value."""
    longest = max(len(curve) for curve in curves)
    padded = [[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves]
    means: list[float] = np.mean(padded, axis=0).tolist()
    return means
