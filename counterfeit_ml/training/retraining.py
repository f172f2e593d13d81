"""Retrains the logo model: labels in the lake in, a champion in the registry out."""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.pictures import decode
from counterfeit_ml.registry import EXPERIMENT, LABELS_FILE, MODEL, Registry, Run
from counterfeit_ml.settings import Settings
from counterfeit_ml.training import network
from counterfeit_ml.training.dataset import TrainingSet, load_training_set
from counterfeit_ml.training.export import export
from counterfeit_ml.training.learning import RECIPE, Learned, learn
from counterfeit_ml.training.model_card import model_card
from counterfeit_ml.training.reporting import log_evaluation
from counterfeit_ml.training.weights import Weights, imagenet_weights

if TYPE_CHECKING:
    import keras

CHECKED_PICTURES = 8
AGREEMENT = 1e-3  # between Keras and LiteRT, in probability; float32 kernels differ by about 1e-6

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetrainResult:
    """What a retraining made. ``metrics`` are those of the pictures held out."""

    version: str
    run_id: str
    metrics: dict[str, float]
    weights_source: str
    promoted: bool
    label_issues: int

    def __str__(self) -> str:
        fate = "now the champion" if self.promoted else "not the champion"
        figures = ", ".join(f"{name} {value:.3f}" for name, value in self.metrics.items())
        text = f"{MODEL} version {self.version}, {fate}: {figures}"
        if self.label_issues:
            text += (
                f"\n{self.label_issues} labels look wrong: see figures/label_issues.png and "
                f"tables/label_issues.json of run {self.run_id}."
            )
        return text


def retrain(
    settings: Settings,
    label_sets: Sequence[str] = (),
    seed: int = 2018,
    brands: Sequence[str] = (),
) -> RetrainResult:
    """Train on these label sets (all, where none is named), register, and promote what works.

    ``brands`` are the classes, those of the catalogue where none is given.

    The same labels and ``seed`` give the same metrics. Raises ``TrainingError``, ``LakeError`` or
    ``RegistryError``; the MLflow run, once begun, then ends as FAILED and the champion stays.
    """
    lake, registry = Lake(settings), Registry(settings)
    data = load_training_set(lake, load_brands(settings.config_dir), label_sets, brands)
    log.info("training on %d pictures of %s", len(data.digests), ", ".join(data.label_sets))
    with registry.run(
        " + ".join(data.label_sets), {"label_sets": ",".join(data.label_sets)}
    ) as run:
        weights = imagenet_weights(settings.cache_dir)
        _log_inputs(run, data, weights, seed, lake)
        learned = learn(data, lake.get_image, weights, settings.cache_dir, seed)
        _log_curves(run, learned)
        issues = log_evaluation(run, learned.held_out, data.digests, lake.get_image)
        version = _register(run, lake, data, learned.model)
        _describe(registry, run, version, model_card(data, learned.held_out, issues, RECIPE))
        gate(registry, version, data.classes, _sample(lake, data))
        registry.promote(version)
    log.info("version %s of %s is the champion", version, MODEL)
    metrics = learned.held_out.metrics()
    return RetrainResult(version, run.id, metrics, weights.source, True, issues)


def _log_inputs(run: Run, data: TrainingSet, weights: Weights, seed: int, lake: Lake) -> None:
    run.log_params(
        {
            "label_sets": ",".join(data.label_sets),
            "pictures": len(data.digests),
            "seed": seed,
            "weights_source": weights.source,
            "weights_sha256": weights.sha256,
            **RECIPE,
            **{f"pictures_{name}": count for name, count in data.counts().items()},
        }
    )
    rows = {
        "image_sha256": list(data.digests),
        "label": [data.classes[label] for label in data.labels],
        "split_group": list(data.groups),
    }
    run.log_dataset(rows, "labels", f"s3://{lake.bucket}/labels/")
    run.log_table({name: rows[name] for name in ("image_sha256", "label")}, LABELS_FILE)


def _log_curves(run: Run, learned: Learned) -> None:
    run.log_metrics({"temperature": learned.temperature})
    run.log_curve("loss", learned.loss)
    run.log_curve("held_out_loss", learned.held_out_loss)


def _describe(registry: Registry, run: Run, version: str, card: str) -> None:
    run.log_text(card, "model_card.md")
    registry.describe(version, card)


def _register(run: Run, lake: Lake, data: TrainingSet, model: "keras.Model") -> str:
    """Export the model, check the export, log it and register it; returns the version."""
    log.info("exporting to LiteRT")
    pictures = _sample(lake, data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export(model, data.classes, folder)
        run.log_metrics({"litert_difference": _check_export(model, folder, pictures)})
        log.info("registering the model")
        return run.register(folder, pictures[:1])


def _check_export(model: "keras.Model", folder: Path, pictures: NDArray[np.uint8]) -> float:
    """The largest difference in probability between Keras and the LiteRT file."""
    exported = LogoClassifier(folder).predict(pictures)
    difference = float(np.abs(exported - network.predict(model, pictures)).max())
    if not difference < AGREEMENT:
        raise TrainingError(
            f"The exported model differs from Keras by {difference:.4f} in probability, over "
            f"{AGREEMENT}: this TensorFlow exports wrongly; use the locked one."
        )
    return difference


def gate(
    registry: Registry, version: str, classes: tuple[str, ...], pictures: NDArray[np.uint8]
) -> None:
    """Run the registered file, fetched back, as scoring will; ``TrainingError`` if it is broken."""
    classifier = LogoClassifier(registry.fetch(version))
    found = classifier.predict(pictures)
    sums = found.sum(axis=1)
    if classifier.classes != classes or not np.allclose(sums, 1, atol=1e-4):
        raise TrainingError(
            f"Version {version} of {MODEL} is broken: it gives {found.shape[1]} probabilities that "
            f"sum to {sums.min():.3f} to {sums.max():.3f}. The champion stays; see the run in "
            f"MLflow's experiment {EXPERIMENT}."
        )


def _sample(lake: Lake, data: TrainingSet) -> NDArray[np.uint8]:
    return np.stack([decode(lake.get_image(digest)) for digest in data.digests[:CHECKED_PICTURES]])
