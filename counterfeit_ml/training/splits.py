"""Decides once for each group whether it trains the model or measures it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256

from counterfeit_ml.label_sets import EVALUATION, TRAIN

GROUPS_TO_ONE = 5
"""One group in so many measures."""
FEWEST_GROUPS = 3
"""Of a class with fewer none can be spared."""
LARGEST_SHARE = 1 / 3
"""Of a class's pictures; a larger group, such as one seller's, is worth more in training."""


def decide_splits(
    labels: Sequence[str], groups: Sequence[str], decided: Mapping[str, str]
) -> dict[str, str]:
    """The split of every group, those ``decided`` as they are.

    ``labels`` and ``groups`` are those of each picture of one import. Of each class about one group
    in five goes to the evaluation, chosen by the hash of its name; a group of several classes
    counts for the one it has most pictures of.
    """
    sizes = Counter(groups)
    splits = dict(decided)
    for label, own in _groups_by_class(labels, groups).items():
        pictures = sum(label == one for one in labels)
        spare = [
            group
            for group in sorted(own, key=_draw)
            if group not in decided and sizes[group] <= LARGEST_SHARE * pictures
        ]
        measured = sum(decided.get(group) == EVALUATION for group in own)
        wanted = max(0, _wanted(len(own)) - measured)
        splits.update(dict.fromkeys(spare[:wanted], EVALUATION))
    return {group: splits.get(group, TRAIN) for group in sizes}


def _wanted(groups: int) -> int:
    return max(1, round(groups / GROUPS_TO_ONE)) if groups >= FEWEST_GROUPS else 0


def _groups_by_class(labels: Sequence[str], groups: Sequence[str]) -> dict[str, list[str]]:
    pictures: dict[str, Counter[str]] = defaultdict(Counter)
    for label, group in zip(labels, groups, strict=True):
        pictures[group][label] += 1
    found = defaultdict(list)
    for group, counts in pictures.items():
        found[max(sorted(counts), key=counts.__getitem__)].append(group)
    return found


def _draw(group: str) -> str:
    return sha256(group.encode()).hexdigest()
