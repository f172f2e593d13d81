"""Retrains the logo model: labels in the lake in, a challenger in the registry out."""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.label_sets import EVALUATION, TRAIN
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.patience import patiently
from counterfeit_ml.pictures import decode
from counterfeit_ml.registry import LABEL_SETS, LABELS_FILE, MODEL, Registry, Run
from counterfeit_ml.settings import Settings
from counterfeit_ml.training import network
from counterfeit_ml.training.comparison import Figures, FrozenPictures
from counterfeit_ml.training.dataset import TrainingSet, load_training_set
from counterfeit_ml.training.export import export
from counterfeit_ml.training.learning import Learned, learn, recipe
from counterfeit_ml.training.model_card import model_card
from counterfeit_ml.training.promotion import Decision, decide
from counterfeit_ml.training.reporting import Load, log_evaluation, log_label_issues
from counterfeit_ml.training.weights import Weights, imagenet_weights

if TYPE_CHECKING:
    import keras

CHECKED_PICTURES = 8
AGREEMENT = 1e-3  # between Keras and LiteRT, in probability; float32 kernels differ by about 1e-6

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetrainResult:
    """What a retraining made, and what was decided on it.

    ``metrics`` are those of the pictures held out; ``figures`` those of
    challenger and champion on the frozen evaluation pictures. ``run_url`` and ``compare_url`` are
    pages of MLflow.
    """

    version: str
    run_id: str
    metrics: dict[str, float]
    weights_source: str
    decision: str
    because: str
    promoted: bool
    figures: Figures
    champion: str | None
    run_url: str
    compare_url: str | None
    label_issues: int

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {value:.3f}" for name, value in self.metrics.items())
        fate = "now the champion" if self.promoted else f"not the champion ({self.decision})"
        text = f"{MODEL} version {self.version}, {fate}: {self.because}. Held out: {figures}"
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
    *,
    fine_tune: bool = True,
    promote: bool = True,
) -> RetrainResult:
    """Train on these label sets (all, where none is named), register, and decide who scores.

    Without ``fine_tune`` only the head is trained: in a minute, and less well.

    ``brands`` are the classes, those of the catalogue where none is given. The champion moves
    where the decision says so, unless ``promote`` leaves that to
    :func:`counterfeit_ml.training.promotion.conclude`. The same labels and ``seed`` give the same
    metrics. Raises ``TrainingError``, ``LakeError`` or ``RegistryError``; the MLflow run, once
    begun, then ends as FAILED and the champion stays.
    """
    lake, registry = Lake(settings), Registry(settings)
    catalogue, load = load_brands(settings.config_dir), _loader(lake)
    whole = load_training_set(lake, catalogue, label_sets, brands)
    data, frozen = whole.part(TRAIN), FrozenPictures(whole.part(EVALUATION), load)
    log.info("training on %d pictures of %s", len(data.digests), ", ".join(data.label_sets))
    with registry.run(" + ".join(data.label_sets), {LABEL_SETS: ",".join(data.label_sets)}) as run:
        weights = imagenet_weights(settings.cache_dir)
        made_by = recipe(fine_tune) | {"seed": seed}
        _log_inputs(run, data, len(frozen.data.digests), weights, made_by, lake)
        learned = learn(data, load, weights, settings.cache_dir, seed, fine_tune)
        _log_learned(run, learned)
        log_evaluation(run, learned.held_out, learned.judged, load)
        issues = log_label_issues(run, learned.by_head, data.digests, load)
        version = _register(run, data, load, learned.model)
        _describe(registry, run, version, model_card(data, learned.held_out, issues, made_by))
        decision = decide(registry, frozen, version, catalogue.classes)
        run.log_metrics(
            {f"evaluation/{name}": value for name, value in decision.challenger_figures.items()}
        )
        if promoted := promote and decision.promote:
            registry.promote(version)
    return _result(registry, run, learned, weights, decision, promoted, issues)


def _result(
    registry: Registry,
    run: Run,
    learned: Learned,
    weights: Weights,
    decision: Decision,
    promoted: bool,
    label_issues: int,
) -> RetrainResult:
    champion = decision.champion
    return RetrainResult(
        version=decision.version,
        run_id=run.id,
        metrics=learned.held_out.metrics(),
        weights_source=weights.source,
        decision=decision.word,
        because=decision.because,
        promoted=promoted,
        figures=decision.figures(),
        champion=champion,
        run_url=registry.run_url(run.id),
        compare_url=registry.compare_url([run.id, registry.run_of(champion)]) if champion else None,
        label_issues=label_issues,
    )


def _loader(lake: Lake) -> Load:
    """Fetches a picture by its digest, patiently: hours of work may hang on one."""
    return lambda digest: patiently(lambda: lake.get_image(digest))


def _log_inputs(
    run: Run,
    data: TrainingSet,
    kept_back: int,
    weights: Weights,
    made_by: dict[str, Any],
    lake: Lake,
) -> None:
    run.log_params(
        {
            LABEL_SETS: ",".join(data.label_sets),
            "pictures": len(data.digests),
            "pictures_kept_back": kept_back,
            "weights_source": weights.source,
            "weights_sha256": weights.sha256,
            **made_by,
        }
    )
    rows = {
        "image_sha256": list(data.digests),
        "label": [data.classes[label] for label in data.labels],
        "split_group": list(data.groups),
    }
    run.log_dataset(rows, "labels", f"s3://{lake.bucket}/labels/")
    run.log_table({name: rows[name] for name in ("image_sha256", "label")}, LABELS_FILE)


def _log_learned(run: Run, learned: Learned) -> None:
    judged = len(learned.judged)
    run.log_metrics({"temperature": learned.temperature, "pictures_held_out": judged})
    run.log_curve("loss", learned.loss)


def _describe(registry: Registry, run: Run, version: str, card: str) -> None:
    run.log_text(card, "model_card.md")
    registry.describe(version, card)


def _register(run: Run, data: TrainingSet, load: Load, model: "keras.Model") -> str:
    """Export the model, check the export, log it and register it; returns the version."""
    log.info("exporting to LiteRT")
    pictures = np.stack([decode(load(digest)) for digest in data.digests[:CHECKED_PICTURES]])
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
