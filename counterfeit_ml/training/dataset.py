"""The labelled pictures a training takes, and how they are split."""

import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import PartitionMissingError, TrainingError
from counterfeit_ml.label_sets import TRAIN, LabelRow, choose_sets, classes_of, label_rows
from counterfeit_ml.lake import Lake
from counterfeit_ml.training.grouping import Member, joined_groups

FOLDS = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingSet:
    """Distinct pictures in order of their digest; ``labels`` are indices into ``classes``.

    ``groups`` may not be cut; ``splits`` are "train" or "evaluation", empty means all "train".
    """

    classes: tuple[str, ...]
    label_sets: tuple[str, ...]
    digests: tuple[str, ...]
    labels: NDArray[np.int64]
    groups: tuple[str, ...]
    splits: tuple[str, ...] = ()

    def part(self, split: str) -> "TrainingSet":
        """The pictures of one split, of the same classes; it may have none."""
        splits = self.splits or (TRAIN,) * len(self.digests)
        kept = [index for index, one in enumerate(splits) if one == split]
        return replace(
            self,
            digests=tuple(self.digests[index] for index in kept),
            labels=self.labels[kept],
            groups=tuple(self.groups[index] for index in kept),
            splits=(split,) * len(kept),
        )

    def counts(self) -> dict[str, int]:
        """Pictures of each class."""
        found = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, found.tolist(), strict=True))

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
    lake: Lake, catalogue: BrandCatalogue, label_sets: Sequence[str], brands: Sequence[str] = ()
) -> TrainingSet:
    """The pictures of these label sets; where none is named, of all that go by the catalogue.

    The classes are ``brands``, ``ALL_BRANDS`` for every one labelled, or the catalogue's. Raises
    ``TrainingError`` where a set does not exist, a class has no picture to train on, or two sets of
    the same origin disagree on a picture.
    """
    chosen = choose_sets(lake, label_sets)
    rows = _rows(lake, chosen)
    _check_agreement(rows)
    classes = classes_of(catalogue, brands, {row["label"] for row in rows})
    known = [row for row in rows if row["label"] in classes]
    if len(known) < len(rows):
        log.warning("%d pictures of other classes are left out", len(rows) - len(known))
    _check_classes(known, classes, chosen)
    return TrainingSet(
        classes=classes,
        label_sets=chosen,
        digests=tuple(row["image_sha256"] for row in known),
        labels=np.array([classes.index(row["label"]) for row in known], np.int64),
        groups=tuple(joined_groups([Member.stored(row) for row in known])),
        splits=tuple(row["split"] for row in known),
    )


def _rows(lake: Lake, chosen: Sequence[str]) -> list[LabelRow]:
    stored = [partition["label_set"] for partition in lake.partitions(LABELS)]
    if not chosen:
        raise TrainingError(
            "There are no labels in the lake: import a folder of them with `counterfeit labels`."
        )
    try:
        rows = label_rows(lake, chosen)
    except PartitionMissingError as error:
        missing = [name for name in chosen if name not in stored]
        raise TrainingError(
            f"There is no label set {', '.join(missing)}: the lake has {', '.join(stored)}; import "
            "it with `counterfeit labels`."
        ) from error
    if old := sorted({row["label_set"] for row in rows if row["split"] is None}):
        raise TrainingError(
            f"{', '.join(old)}: imported before pictures had a split; import it again with "
            "`counterfeit labels`."
        )
    return rows


def _check_agreement(rows: Sequence[LabelRow]) -> None:
    for before, row in pairwise(rows):
        if before["image_sha256"] == row["image_sha256"]:
            raise TrainingError(
                f"Picture {row['image_sha256']} is {before['label']} in {before['label_set']} and "
                f"{row['label']} in {row['label_set']}: correct one of the label sets."
            )


def _check_classes(rows: Sequence[LabelRow], classes: Sequence[str], chosen: Sequence[str]) -> None:
    counts = Counter(row["label"] for row in rows)
    bare = [name for name in classes if not counts[name]]
    if bare:
        raise TrainingError(
            f"{', '.join(bare)}: not a single picture in {', '.join(chosen)}; import some with "
            "`counterfeit labels`, or take the brand out of brands.yaml."
        )
    trained = Counter(row["label"] for row in rows if row["split"] == TRAIN)
    spent = [name for name in classes if not trained[name]]
    if spent:
        raise TrainingError(
            f"{', '.join(spent)}: every picture in {', '.join(chosen)} is for evaluation, none is "
            "left to train on; import others with `counterfeit labels`."
        )
