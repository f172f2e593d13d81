"""One label for each picture: what two labels claim, in equal or nearly equal bytes, is refused."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from counterfeit_ml.near_duplicates import NEAR_BITS, SAME_BITS, as_hashes, near_pairs
from counterfeit_ml.training.inspection import Inspected, Reason
from counterfeit_ml.training.label_source import LabelledFile, Refusal


@dataclass(frozen=True)
class Labelled:
    """A sound picture and the file it came in."""

    file: LabelledFile
    picture: Inspected

    @property
    def digest(self) -> str:
        """The sha256 of its bytes."""
        return self.picture.digest

    @property
    def label(self) -> str:
        """The class it is said to show."""
        return self.file.label


def settle(labelled: Sequence[Labelled]) -> tuple[list[Labelled], list[Refusal]]:
    """One of each picture, in order of its digest, and the refusal of each under two labels."""
    files: dict[str, list[Labelled]] = defaultdict(list)
    for one in labelled:
        files[one.digest].append(one)
    distinct, refused = [], []
    for _, same in sorted(files.items()):
        if len({one.label for one in same}) == 1:
            # The file that names a seller says more.
            distinct.append(min(same, key=lambda one: one.file.seller_id is None))
        else:
            refused += [_refusal(Reason.CONFLICTING_LABEL, one, same) for one in same]
    nearly = _nearly_the_same(distinct)
    refused += [
        _refusal(Reason.CONFLICTING_NEAR_DUPLICATE, distinct[one], others)
        for one, others in nearly.items()
    ]
    return [one for index, one in enumerate(distinct) if index not in nearly], refused


def suspicions(pictures: Sequence[Labelled]) -> list[str]:
    """A sentence for each pair that only looks alike, under two labels: a person should look."""
    return [
        f"{pictures[one].file.where} and {pictures[other].file.where} look alike but are "
        f"{pictures[one].label} and {pictures[other].label}."
        for one, other in _two_labels(pictures, NEAR_BITS)
        if one < other
    ]


def _refusal(reason: Reason, one: Labelled, same: Iterable[Labelled]) -> Refusal:
    others = ", ".join(f"{two.label} at {two.file.where}" for two in same if two.label != one.label)
    detail = f"The same picture is {one.label} here and {others}: keep the right one."
    return Refusal(reason, one.file.where, detail)


def _nearly_the_same(pictures: Sequence[Labelled]) -> dict[int, list[Labelled]]:
    """The index of each picture that other bytes show under another label, and those others."""
    others: dict[int, list[Labelled]] = defaultdict(list)
    for one, other in _two_labels(pictures, SAME_BITS):
        others[one].append(pictures[other])
    return others


def _two_labels(pictures: Sequence[Labelled], bits: int) -> Iterator[tuple[int, int]]:
    hashes = as_hashes([(one.picture.phash, one.picture.dhash) for one in pictures])
    for one, other in near_pairs(hashes, hashes, bits):
        if pictures[one].label != pictures[other].label:
            yield one, other
