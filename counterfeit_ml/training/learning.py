"""Learns the logo model from labelled pictures: features, head, upper blocks, calibration."""

import logging
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from counterfeit_ml.pictures import decode
from counterfeit_ml.training import augmentation, fine_tuning, head, network
from counterfeit_ml.training.dataset import FOLDS, TrainingSet
from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.features import VIEWS, extract
from counterfeit_ml.training.head import Head
from counterfeit_ml.training.weights import Weights

if TYPE_CHECKING:
    import keras

REHEARSALS = 1
CHUNK = 64

Features = NDArray[np.float32]
Logits = NDArray[np.float64]
Indices = NDArray[np.int64]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Learned:
    """A model, and how good it is on pictures held back from one like it."""

    model: "keras.Model"
    """uint8 RGB (N, 224, 224, 3) to calibrated probabilities (N, classes)."""
    held_out: Evaluation
    """Pictures judged by a model that has not seen their groups."""
    judged: tuple[str, ...]
    """The digests of those pictures, in the same order."""
    by_head: Evaluation
    """All pictures, in their order, judged by heads on frozen layers: tells wrong labels."""
    temperature: float
    loss: list[float]
    """Of the final model, after each iteration or step."""


@dataclass(frozen=True)
class _Fitted:
    """Layers and the head that belongs to them; the head's logits are not calibrated."""

    layers: "keras.Model"
    head: Head
    loss: list[float]


def recipe(fine_tune: bool) -> dict[str, Any]:
    """What decides a model beside pictures, weights and seed."""
    tuned = f"fine-tuned above {fine_tuning.FROZEN_UP_TO}" if fine_tune else "frozen"
    shared: dict[str, Any] = {
        "network": f"MobileNet v1 1.0 224, {tuned}",
        "views_per_picture": VIEWS,
        "l2": head.L2,
        "iterations": head.ITERATIONS,
    }
    if not fine_tune:
        return shared
    return shared | {"epochs": fine_tuning.EPOCHS, "learning_rate": fine_tuning.RATE}


def learn(
    data: TrainingSet,
    load: Callable[[str], bytes],
    weights: Weights,
    cache_dir: Path,
    seed: int,
    fine_tune: bool = True,
    rehearsals: int = REHEARSALS,
) -> Learned:
    """Learn from all pictures of ``data``, which ``load`` fetches by digest.

    The head alone is judged by grouped cross-validation. With ``fine_tune``, which takes minutes,
    only so many of its folds are: ``rehearsals``, each a whole training without one fold. The
    same arguments give the same metrics. Raises ``TrainingError`` or ``PictureError``.
    """
    features = extract(data.digests, load, weights, cache_dir)
    folds = list(data.folds(seed))
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="pixels-") as folder:
        trainer = _Trainer(data, load, features, weights, seed, None)
        by_head = judged = _judge(trainer, folds)
        if fine_tune:
            trainer = replace(trainer, pixels=_pixels(data, load, Path(folder)))
            judged = _judge(trainer, folds[:rehearsals])
        log.info("training on all %d pictures", len(data.digests))
        final = trainer.train(np.arange(len(data.labels)))
    return Learned(
        network.classifier(final.layers, final.head.cooled(judged.temperature)),
        judged.evaluation,
        tuple(data.digests[index] for index in judged.pictures),
        by_head.evaluation,
        judged.temperature,
        final.loss,
    )


@dataclass(frozen=True)
class _Judged:
    """Held-out pictures, in order, and what was made of them."""

    pictures: Indices
    evaluation: Evaluation
    temperature: float


def _judge(trainer: "_Trainer", folds: Sequence[tuple[Indices, Indices]]) -> _Judged:
    """Train without each fold and judge its pictures."""
    data = trainer.data
    found = np.concatenate([trainer.rehearse(*fold) for fold in folds])
    held = np.concatenate([held for _, held in folds])
    order = np.argsort(held)
    logits, held = found[order], held[order]
    labels, groups = data.labels[held], [data.groups[index] for index in held]
    evaluation = Evaluation(data.classes, labels, _calibrated(logits, labels, groups))
    return _Judged(held, evaluation, head.fit_temperature(logits, labels))


@dataclass(frozen=True)
class _Trainer:
    """Trains on a part of the pictures; with ``pixels``, the upper blocks as well."""

    data: TrainingSet
    load: Callable[[str], bytes]
    features: Features
    weights: Weights
    seed: int
    pixels: NDArray[np.uint8] | None

    def rehearse(self, train: Indices, held: Indices) -> Logits:
        """Logits of the pictures ``held`` by a model that has seen only ``train``."""
        if self.pixels is None:
            logits = self._head(train)[0].logits(self.features[held, 0])
        else:
            fitted = self.train(train)
            logits = fitted.head.logits(self._features(fitted, held))
        loss = head.cross_entropy(logits, self.data.labels[held])
        log.info("held-out loss %.3f on %d pictures", loss, len(held))
        return logits

    def train(self, chosen: Indices) -> _Fitted:
        """Fit the head, then tune the upper blocks with it."""
        layers = network.feature_layers(self.weights)
        fitted, losses = self._head(chosen)
        if self.pixels is None:
            return _Fitted(layers, fitted, losses)
        known = fine_tuning.Pictures(self.pixels, chosen, self.data.labels[chosen])
        tuned = fine_tuning.fine_tune(layers, fitted, known, self.seed)
        return _Fitted(layers, tuned.head, tuned.loss)

    def _head(self, chosen: Indices) -> tuple[Head, list[float]]:
        """A head on the frozen layers, fitted to all views, and its losses."""
        views = self.features[chosen].reshape(-1, self.features.shape[-1])
        labels = np.repeat(self.data.labels[chosen], self.features.shape[1])
        return head.fit_head(views, labels, len(self.data.classes))

    def _features(self, fitted: _Fitted, chosen: Indices) -> Features:
        """Of the pictures as scoring sees them, by tuned layers."""
        tuned = network.feature_network(fitted.layers)
        parts = [chosen[start : start + CHUNK] for start in range(0, len(chosen), CHUNK)]
        found: Features = np.concatenate(
            [network.predict(tuned, self._shown(part)) for part in parts]
        )
        return found

    def _shown(self, chosen: Indices) -> NDArray[np.uint8]:
        return np.stack([decode(self.load(self.data.digests[index])) for index in chosen])


def _pixels(data: TrainingSet, load: Callable[[str], bytes], folder: Path) -> NDArray[np.uint8]:
    """Pixels (N, SIDE, SIDE, 3) of all pictures, in a file: a picture takes 200 KB."""
    side = augmentation.SIDE
    shape = (len(data.digests), side, side, 3)
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, shape)
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(data.digests), CHUNK):
            part = data.digests[start : start + CHUNK]
            made = pool.map(lambda digest: decode(load(digest), side), part)
            pixels[start : start + len(part)] = list(made)
    return pixels


def _calibrated(logits: Logits, labels: Indices, groups: Sequence[str]) -> NDArray[np.float64]:
    """Probabilities, each part's with a temperature fitted on the other parts only."""
    from sklearn.model_selection import GroupKFold

    parts = min(FOLDS, len(set(groups)))
    if parts < 2:
        return np.asarray(softmax(logits / head.fit_temperature(logits, labels), axis=1))
    probabilities = np.zeros_like(logits)
    for others, part in GroupKFold(parts).split(logits, groups=groups):
        temperature = head.fit_temperature(logits[others], labels[others])
        probabilities[part] = softmax(logits[part] / temperature, axis=1)
    return probabilities
