"""Compares a challenger with the champion on the pictures that no training has seen."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.pictures import decode
from counterfeit_ml.training.dataset import TrainingSet
from counterfeit_ml.training.evaluation import FLAG_CONFIDENCE, Evaluation

AHEAD = 64  # pictures decoded at once: 10 MB
RESAMPLES = 500
# One-sided 5 %: of a hundred challengers as good as the champion, five would seem worse than this.
NOISE = 1.645

Figures = dict[str, float]


@dataclass(frozen=True)
class Margin:
    """How much worse a challenger may be: ``small`` always, what noise explains up to ``large``.

    On few pictures two equal models differ by chance: there ``NOISE`` standard errors of the
    difference are allowed, never more than ``large``, which nobody would put down to chance.
    """

    label: str
    small: float
    large: float
    more_is_better: bool = False

    def allowed(self, error: float) -> float:
        """The difference that is still called not worse, where its standard error is ``error``."""
        return min(max(self.small, NOISE * error), self.large)


MARGINS = {
    # One picture more or less right in a hundred: the spread between two seeds of one recipe.
    "macro_f1": Margin("macro-F1", 0.01, 0.03, more_is_better=True),
    # Half the 1 % that is promised; two in a hundred would double what reviewers see.
    "no_logo_fpr": Margin(f"no-logo false positives at {FLAG_CONFIDENCE}", 0.005, 0.02),
    # A third of the 0.03 that is promised: what 0.89 means must not wander off.
    "ece": Margin("calibration error", 0.01, 0.03),
}


@dataclass(frozen=True)
class Comparison:
    """Figures of both on the same pictures, and each figure in which the challenger is worse."""

    challenger: Figures
    champion: Figures
    sentences: tuple[str, ...]
    worse: tuple[str, ...]


@dataclass(frozen=True)
class FrozenPictures:
    """The part ``evaluation`` of some label sets, perhaps empty, and how to fetch a picture."""

    data: TrainingSet
    load: Callable[[str], bytes]

    @property
    def digest(self) -> str:
        """Names these pictures with their labels: equal where two comparisons saw the same."""
        names = [self.data.classes[label] for label in self.data.labels]
        lines = sorted(f"{one} {name}" for one, name in zip(self.data.digests, names, strict=True))
        return sha256("\n".join(lines).encode()).hexdigest()[:16]

    def evaluate(self, models: Sequence[LogoClassifier]) -> list[Evaluation]:
        """Each model's probabilities of all pictures, over the classes that any of them knows.

        There must be a picture.
        """
        union = tuple(dict.fromkeys((*self.data.classes, *(c for m in models for c in m.classes))))
        found: list[list[NDArray[np.float32]]] = [[] for _ in models]
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(self.data.digests), AHEAD):
                part = self.data.digests[start : start + AHEAD]
                pictures = np.stack(list(pool.map(lambda one: decode(self.load(one)), part)))
                for model, rows in zip(models, found, strict=True):
                    rows.append(_placed(model, pictures, union))
        return [Evaluation(union, self.data.labels, np.concatenate(rows)) for rows in found]


def figures(evaluation: Evaluation) -> Figures:
    """Those of ``MARGINS``; macro-F1 over the classes that have pictures.

    The false positives are missing where no picture is ``no_logo``.
    """
    matrix = evaluation.confusion()
    hits, true, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    seen = true > 0
    found = {
        "macro_f1": float((2 * hits[seen] / (true + predicted)[seen]).mean()),
        "ece": evaluation.calibration_error(),
    }
    rate = evaluation.flags(FLAG_CONFIDENCE).get("no_logo_false_positive_rate")
    return found if rate is None else {**found, "no_logo_fpr": rate}


def beats_chance(evaluation: Evaluation) -> bool:
    """Whether the mean recall of the classes is above that of any answer that never changes."""
    matrix = evaluation.confusion()
    true = matrix.sum(axis=1)
    recall = np.diag(matrix)[true > 0] / true[true > 0]
    return bool(recall.mean() > 1 / max(2, recall.size))


def compare(challenger: Evaluation, champion: Evaluation, groups: Sequence[str]) -> Comparison:
    """Compare two evaluations of the same pictures; ``groups`` are those of near-duplicates."""
    new, old = figures(challenger), figures(champion)
    errors = _standard_errors(challenger, champion, groups)
    sentences, worse = [], []
    for name, margin in MARGINS.items():
        if name not in new:
            continue
        loss = (old[name] - new[name]) * (1 if margin.more_is_better else -1)
        allowed = margin.allowed(errors[name])
        word = "worse than" if loss > allowed else "not worse than"
        sentences.append(
            f"{margin.label} {new[name]:.3f}, {word} {old[name]:.3f} by more than {allowed:.3f}"
        )
        if loss > allowed:
            worse.append(name)
    return Comparison(new, old, tuple(sentences), tuple(worse))


def of_classes(evaluation: Evaluation, rows: NDArray[np.bool_]) -> Evaluation:
    """The evaluation of some of its pictures."""
    return Evaluation(evaluation.classes, evaluation.labels[rows], evaluation.probabilities[rows])


def _standard_errors(
    challenger: Evaluation, champion: Evaluation, groups: Sequence[str]
) -> Figures:
    """Of the differences, by a paired bootstrap: both are judged on the same drawn groups.

    Groups, not pictures, are drawn: near-duplicates say the same thing twice (a cluster bootstrap,
    Davison and Hinkley 1997, sec. 3.8).
    """
    random = np.random.default_rng(0)
    members = [np.flatnonzero(np.array(groups) == one) for one in Counter(groups)]
    differences: dict[str, list[float]] = {name: [] for name in MARGINS}
    for _ in range(RESAMPLES):
        drawn = random.integers(0, len(members), len(members))
        rows = np.concatenate([members[one] for one in drawn])
        new, old = figures(of_classes(challenger, rows)), figures(of_classes(champion, rows))
        for name in new:  # not every draw has a picture without a logo
            differences[name].append(new[name] - old[name])
    return {name: float(np.std(values)) for name, values in differences.items() if values}


def _placed(
    model: LogoClassifier, pictures: NDArray[np.uint8], union: Sequence[str]
) -> NDArray[np.float32]:
    """Probabilities over ``union``: none for a class that the model does not know."""
    placed = np.zeros((len(pictures), len(union)), np.float32)
    placed[:, [union.index(name) for name in model.classes]] = model.predict(pictures)
    return placed
