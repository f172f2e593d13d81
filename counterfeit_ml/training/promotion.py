"""Who scores: decides on a challenger, moves the champion, and takes it back.

What was decided, and why, stands as tags on the model's version in MLflow.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import BrokenModelError, RegistryError
from counterfeit_ml.label_sets import EVALUATION
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.registry import CHAMPION, MODEL, Registry
from counterfeit_ml.settings import Settings
from counterfeit_ml.soundness import fault_of
from counterfeit_ml.training.comparison import (
    Figures,
    FrozenPictures,
    beats_chance,
    compare,
    figures,
    of_classes,
)
from counterfeit_ml.training.dataset import TrainingSet, load_training_set
from counterfeit_ml.training.evaluation import Evaluation

PROMOTE, KEEP, REFUSE = "promote", "keep the champion", "refuse"
APPROVE = "Approve"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decision:
    """Whether a version shall be champion, and why; figures by the names of ``MARGINS``."""

    version: str
    champion: str | None
    promote: bool
    reasons: tuple[str, ...]
    challenger_figures: Figures
    champion_figures: Figures
    evaluated_on: str

    @property
    def word(self) -> str:
        """What is to be done, as the tag ``decision`` says it."""
        return PROMOTE if self.promote else KEEP

    @property
    def because(self) -> str:
        """The reasons as one sentence."""
        return "; ".join(self.reasons)

    def figures(self) -> Figures:
        """Those of both, as ``challenger_macro_f1`` and so on, for people to read."""
        both = {"challenger": self.challenger_figures, "champion": self.champion_figures}
        return {
            f"{who}_{name}": round(value, 4)
            for who, values in both.items()
            for name, value in values.items()
        }

    def tags(self) -> dict[str, str]:
        """As they stand on the version in MLflow."""
        return {
            "decision": self.word,
            "decision_reasons": self.because,
            "decided_against": self.champion or "no champion",
            "evaluated_on": self.evaluated_on,
            **{name: str(value) for name, value in self.figures().items()},
        }


@dataclass(frozen=True)
class Promotion:
    """Which version scores now, which did before, and why."""

    version: str
    promoted: bool
    champion: str | None
    champion_before: str | None
    because: str

    def __str__(self) -> str:
        if self.promoted:
            before = f" instead of {self.champion_before}" if self.champion_before else ""
            return f"{MODEL} version {self.version} is the champion{before}: {self.because}"
        stays = f"version {self.champion} stays" if self.champion else "there is none"
        return f"{MODEL} version {self.version} is not the champion, {stays}: {self.because}"


def decide(
    registry: Registry, frozen: FrozenPictures, version: str, classes: Sequence[str]
) -> Decision:
    """Try the version beside the champion on the frozen pictures, and tag it with what came of it.

    ``classes`` are the catalogue's: one that the champion knows a new champion must know. Raises
    ``BrokenModelError`` for a version that must never score.
    """
    try:
        decision = _decision(registry, frozen, version, classes)
    except BrokenModelError as error:
        registry.tag(version, {"decision": REFUSE, "decision_reasons": str(error)})
        raise
    registry.tag(version, decision.tags())
    log.info("version %s: %s (%s)", version, decision.word, decision.because)
    return decision


def conclude(
    settings: Settings, version: str, answer: Mapping[str, Any] | None = None
) -> Promotion:
    """Do what was decided on the version, and what a person answered, where one was asked.

    ``answer`` is Airflow's: ``chosen_options``, and ``responded_by_user`` unless nobody did.
    """
    registry = Registry(settings)
    tags, champion = registry.tags(version), registry.holder(CHAMPION)
    if champion == version:
        return Promotion(version, True, champion, tags.get("champion_before"), "it was promoted")
    if tags.get("decision") != PROMOTE:
        because = tags.get("decision_reasons", "nothing was decided on it")
        return Promotion(version, False, champion, None, because)
    if answer and answer["chosen_options"] != [APPROVE]:
        registry.tag(version, {"rejected_by": _who(answer)})
        return Promotion(version, False, champion, None, f"rejected by {_who(answer)}")
    if tags["decided_against"] != (champion or "no champion"):
        because = (
            f"it was compared with version {tags['decided_against']}, which is the champion no "
            f"more: retrain, or `counterfeit promote {version} --reason …`"
        )
        return Promotion(version, False, champion, None, because)
    if answer:
        registry.tag(version, {"approved_by": _who(answer)})
    registry.promote(version)
    return Promotion(version, True, version, champion, tags["decision_reasons"])


def promote(settings: Settings, version: str, reason: str) -> Promotion:
    """Make a version champion whatever the comparison says, which is made and shown all the same.

    It is made on the label sets that the version learned from. Raises ``BrokenModelError`` where it
    is broken or no better than chance: no reason helps that.
    """
    registry, lake = Registry(settings), Lake(settings)
    champion = registry.holder(CHAMPION)
    if champion == version:
        return Promotion(version, True, version, None, "it was the champion already")
    catalogue = load_brands(settings.config_dir)
    sets, classes = registry.label_sets_of(version), registry.sound(version).classes
    data = load_training_set(lake, catalogue, sets, classes)
    frozen = FrozenPictures(data.part(EVALUATION), lake.get_image)
    decision = decide(registry, frozen, version, catalogue.classes)
    registry.tag(version, {"promoted_by_hand": reason})
    registry.promote(version)
    verdict = "" if decision.promote else "it would have been kept back: "
    because = f"by hand ({reason}); {verdict}{decision.because}"
    return Promotion(version, True, version, champion, because)


def rollback(settings: Settings, version: str | None = None) -> Promotion:
    """Make a former champion the champion again; the one before this one, where none is named.

    Needs MLflow and its artifacts alone. Raises ``RegistryError`` where there is none before, or
    the version never was champion; ``BrokenModelError`` where its file is broken by now.
    """
    registry = Registry(settings)
    champion = registry.champion()
    target = version or registry.tags(champion).get("champion_before")
    if target is None:
        raise RegistryError(
            f"Version {champion} of {MODEL} is the first champion: there is none before it to roll "
            "back to."
        )
    if target == champion:
        return Promotion(target, True, target, None, "it was the champion already")
    if "champion_since" not in registry.tags(target):
        raise RegistryError(
            f"Version {target} of {MODEL} has never been champion, so it is no rollback: use "
            f"`counterfeit promote {target} --reason …`."
        )
    registry.restore(target)
    registry.tag(champion, {"rolled_back_to": target})
    return Promotion(target, True, target, champion, "rolled back")


def _decision(
    registry: Registry, frozen: FrozenPictures, version: str, classes: Sequence[str]
) -> Decision:
    challenger = registry.sound(version)
    name = registry.holder(CHAMPION)
    champion, note = _champion(registry, name)
    if not frozen.data.digests:
        return _unmeasured(frozen, version, name, note if champion is None else None)
    new, *old = frozen.evaluate([challenger, champion] if champion else [challenger])
    _require_minimum(version, new)
    reasons: tuple[str, ...]
    if champion is None:
        reasons = (note, "it runs and is better than chance")
        return Decision(version, name, True, reasons, figures(new), {}, frozen.digest)
    lost, gained = _difference(champion, challenger, classes)
    rows, notes = _common(frozen.data, challenger, champion)
    if not rows.any():
        reasons = (*lost, "no picture is of a class that both know", *notes)
        promote = bool(gained) and not lost
        return Decision(version, name, promote, reasons, figures(new), {}, frozen.digest)
    groups = [group for group, row in zip(frozen.data.groups, rows, strict=True) if row]
    found = compare(of_classes(new, rows), of_classes(old[0], rows), groups)
    reasons = (*lost, *found.sentences, f"on {len(groups)} pictures", *notes)
    promote, both = not lost and not found.worse, (found.challenger, found.champion)
    return Decision(version, name, promote, reasons, *both, frozen.digest)


def _unmeasured(
    frozen: FrozenPictures, version: str, champion: str | None, first: str | None
) -> Decision:
    """Without a picture kept back one that runs is better than none, and no better than another.

    ``first`` says why there is no champion to compare with, if there is none.
    """
    bare = f"no picture of {', '.join(frozen.data.label_sets)} is kept back for evaluation"
    if first is not None:
        reasons = f"{first}; it runs, and {bare} to say more"
    else:
        reasons = f"{bare}, so nothing can be compared: import more with `counterfeit labels`"
    return Decision(version, champion, first is not None, (reasons,), {}, {}, frozen.digest)


def _champion(registry: Registry, version: str | None) -> tuple[LogoClassifier | None, str]:
    """The champion to compare with; else why there is none."""
    if version is None:
        return None, "there is no champion yet"
    try:
        return registry.sound(version), ""
    except BrokenModelError as error:
        return None, f"the champion cannot be compared with: {error}"


def _require_minimum(version: str, evaluation: Evaluation) -> None:
    fault = fault_of(evaluation.probabilities)
    if fault is None and not beats_chance(evaluation):
        fault = "it knows the pictures kept back for evaluation no better than chance"
    if fault is not None:
        raise BrokenModelError(
            f"Version {version} of {MODEL} is broken: {fault}. The champion stays as it is; look "
            "at the labels and at the run in MLflow."
        )


def _difference(
    champion: LogoClassifier, challenger: LogoClassifier, classes: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Classes of the catalogue that the champion knows alone, as a reason; and the challenger."""
    lost = [one for one in classes if one in champion.classes and one not in challenger.classes]
    gained = [one for one in classes if one in challenger.classes and one not in champion.classes]
    reason = f"it does not know {', '.join(lost)} of brands.yaml, which the champion knows"
    return ((reason,) if lost else ()), tuple(gained)


def _common(
    data: TrainingSet, challenger: LogoClassifier, champion: LogoClassifier
) -> tuple[NDArray[np.bool_], list[str]]:
    """The pictures whose class both know, and what that leaves out."""
    both = set(challenger.classes) & set(champion.classes)
    rows = np.array([data.classes[label] in both for label in data.labels])
    notes = []
    for one, other, whose in (
        (challenger, champion, "only the challenger knows"),
        (champion, challenger, "only the champion knows"),
    ):
        if extra := [name for name in one.classes if name not in other.classes]:
            notes.append(f"without the pictures of {', '.join(extra)}, which {whose}")
    return rows, notes


def _who(answer: Mapping[str, Any]) -> str:
    user = answer.get("responded_by_user")
    return str(user["name"]) if user else "nobody in time"
