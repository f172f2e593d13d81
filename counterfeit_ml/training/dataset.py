"""The labelled pictures a training takes, and how they are split."""

import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import PartitionMissingError, TrainingError
from counterfeit_ml.lake import Lake

FOLDS = 5
# Whose label counts when two sets label one picture: a reviewer has looked last.
ORIGINS = ("synthetic", "seed", "review")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingSet:
    """Distinct pictures in order of their digest; ``labels`` are indices into ``classes``."""

    classes: tuple[str, ...]
    label_sets: tuple[str, ...]
    digests: tuple[str, ...]
    labels: NDArray[np.int64]
    groups: tuple[str, ...]

    def counts(self) -> dict[str, int]:
        """Pictures of each class."""
        found = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, found.tolist(), strict=True))

    def part(self, split: str) -> "TrainingSet":
        """The pictures of one split. Stands in until labels carry it: every fourth of a class."""
        place = np.array([np.sum(self.labels[:n] == one) for n, one in enumerate(self.labels)])
        rows = np.flatnonzero((place % 4 == 0) == (split == "evaluation"))
        return TrainingSet(
            self.classes,
            self.label_sets,
            tuple(self.digests[row] for row in rows),
            self.labels[rows],
            tuple(self.groups[row] for row in rows),
        )

    def folds(self, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Indices to train on and to hold out, for each fold: stratified, groups never cut."""
        from sklearn.model_selection import StratifiedGroupKFold

        groups = Counter(self.labels[index] for index in self._first_of_group())
        number = min(FOLDS, max(groups.values()))
        if number < 2:
            raise TrainingError(
                f"No class of {', '.join(self.label_sets)} has two pictures that are not copies of "
                "each other, so nothing can be held out: add pictures."
            )
        splitter = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            # A class with fewer pictures than folds is missing from some, as it must be.
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            yield from splitter.split(self.labels, self.labels, self.groups)

    def _first_of_group(self) -> list[int]:
        return [int(index) for index in np.unique(self.groups, return_index=True)[1]]


def load_training_set(
    lake: Lake, catalogue: BrandCatalogue, label_sets: Sequence[str]
) -> TrainingSet:
    """The pictures of these label sets, of all sets where none is named.

    Raises ``TrainingError`` where a set does not exist, a class has no picture, or two sets of the
    same origin disagree on a picture.
    """
    chosen = tuple(sorted(label_sets or _all_sets(lake)))
    rows = [row for name in chosen for row in _rows(lake, name)]
    rows.sort(key=lambda row: (row["image_sha256"], ORIGINS.index(row["origin"])))
    pictures = _last_word(rows)
    counts = Counter(row["label"] for row in pictures)
    bare = [name for name in catalogue.classes if not counts[name]]
    if bare:
        raise TrainingError(
            f"{', '.join(bare)}: not a single picture in {', '.join(chosen)}; import some with "
            "`counterfeit labels`, or take the brand out of brands.yaml."
        )
    known = [row for row in pictures if row["label"] in catalogue.classes]
    if len(known) < len(pictures):
        log.warning("%d pictures of former brands are left out", len(pictures) - len(known))
    return TrainingSet(
        classes=catalogue.classes,
        label_sets=chosen,
        digests=tuple(row["image_sha256"] for row in known),
        labels=np.array([catalogue.classes.index(row["label"]) for row in known], np.int64),
        groups=tuple(row["split_group"] for row in known),
    )


def _all_sets(lake: Lake) -> list[str]:
    found = [partition["label_set"] for partition in lake.partitions(LABELS)]
    if not found:
        raise TrainingError(
            "There are no labels in the lake: import a folder of them with `counterfeit labels`."
        )
    return found


def _rows(lake: Lake, label_set: str) -> list[dict[str, str]]:
    try:
        rows: list[dict[str, str]] = lake.read(LABELS, label_set=label_set).to_pylist()
    except PartitionMissingError as error:
        raise TrainingError(
            f"There is no label set {label_set}: the lake has "
            f"{', '.join(_all_sets(lake))}; import it with `counterfeit labels`."
        ) from error
    return rows


def _last_word(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """One row a picture: the last, which may differ only from those of a weaker origin."""
    chosen: dict[str, dict[str, str]] = {}
    for row in rows:
        before = chosen.get(row["image_sha256"], row)
        if before["label"] != row["label"] and before["origin"] == row["origin"]:
            raise TrainingError(
                f"Picture {row['image_sha256']} is {before['label']} in {before['label_set']} and "
                f"{row['label']} in {row['label_set']}: correct one of the label sets."
            )
        chosen[row["image_sha256"]] = row
    return list(chosen.values())
