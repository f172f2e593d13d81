"""The label sets in the lake: which of them count, and which label of a picture."""

from collections.abc import Iterable, Sequence
from typing import Any

from counterfeit_ml.brands import NO_LOGO, BrandCatalogue
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.lake import Lake

TRAIN, EVALUATION = "train", "evaluation"
# Whose label counts when two sets label one picture: a reviewer has looked last.
ORIGINS = ("synthetic", "seed", "review")
ALL_BRANDS = ("all",)
"""Every class that is found, instead of those of the catalogue or of a list."""
OWN_CLASSES = "own_classes"
"""Key of a set's manifest summary: whether it has classes that were not the catalogue's."""

LabelRow = dict[str, Any]


def classes_of(
    catalogue: BrandCatalogue, brands: Sequence[str], found: Iterable[str]
) -> tuple[str, ...]:
    """The classes to train, in the model's order: brands by name, then ``no_logo``.

    Those of the catalogue, unless ``brands`` lists others; ``ALL_BRANDS`` takes all ``found``.
    Beside listed brands ``no_logo`` is a class where it is found.
    """
    if not brands:
        return catalogue.classes
    names = set(found)
    chosen = names if tuple(brands) == ALL_BRANDS else {*brands, *({NO_LOGO} & names)}
    return (*sorted(chosen - {NO_LOGO}), *sorted(chosen & {NO_LOGO}))


def choose_sets(lake: Lake, named: Sequence[str]) -> tuple[str, ...]:
    """The label sets ``named``; else all whose classes are the catalogue's.

    A set with classes of its own may call ``no_logo`` what is a brand of ours: only who names it
    takes it.
    """
    if named:
        return tuple(sorted(set(named)))
    stored = [one["label_set"] for one in lake.partitions(LABELS)]
    return tuple(
        name
        for name in stored
        if not lake.manifest(LABELS, label_set=name).summary.get(OWN_CLASSES, False)
    )


def label_rows(lake: Lake, label_sets: Sequence[str]) -> list[LabelRow]:
    """The labels of these sets, one row a picture, in order of its digest.

    The strongest origin's label counts; where sets of one origin disagree, the picture stands once
    for each label. Raises ``PartitionMissingError`` for a set that was never imported.
    """
    rows = [row for name in label_sets for row in lake.read(LABELS, label_set=name).to_pylist()]
    strongest: dict[str, int] = {}
    for row in rows:
        digest = row["image_sha256"]
        strongest[digest] = max(_strength(row), strongest.get(digest, -1))
    chosen = {
        (row["image_sha256"], row["label"]): row
        for row in rows
        if _strength(row) == strongest[row["image_sha256"]]
    }
    return [chosen[key] for key in sorted(chosen)]


def _strength(row: LabelRow) -> int:
    """An origin that is none is the weakest, and fails the suite."""
    return ORIGINS.index(row["origin"]) if row["origin"] in ORIGINS else -1
