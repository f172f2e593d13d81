"""The labels as their suite checks them: each picture beside what it has in common with others."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import pyarrow as pa

from counterfeit_ml.datasets import LABELS
from counterfeit_ml.label_sets import LabelRow
from counterfeit_ml.near_duplicates import NEAR_BITS, SAME_BITS, as_hashes, near_pairs


def training_images(rows: Sequence[LabelRow]) -> pa.Table:
    """The columns of LABELS, and five that tell of the whole.

    ``near_in_other_split`` are near-duplicates on the other side of the split,
    ``same_under_other_label`` other bytes of the same picture with another label,
    ``splits_of_group`` is 1 where a group is whole, ``groups_of_class`` those of its class,
    and ``share_of_class`` is the class's part of all pictures.
    """
    table = pa.Table.from_pylist(list(rows), LABELS.schema)
    decided = [row for row in rows if row["split"] is not None]
    crossing = Counter(
        one["image_sha256"] for one, other in _near(decided) if one["split"] != other["split"]
    )
    conflicting = Counter(
        one["image_sha256"]
        for one, other in _near(decided, SAME_BITS)
        if one["label"] != other["label"] and one["image_sha256"] != other["image_sha256"]
    )
    splits = _together(rows, "split_group", "split")
    groups = _together(rows, "label", "split_group")
    sizes = Counter(row["label"] for row in rows)
    columns = {
        "near_in_other_split": [crossing[row["image_sha256"]] for row in rows],
        "same_under_other_label": [conflicting[row["image_sha256"]] for row in rows],
        "splits_of_group": [len(splits[row["split_group"]]) for row in rows],
        "groups_of_class": [len(groups[row["label"]]) for row in rows],
        "share_of_class": [sizes[row["label"]] / len(rows) for row in rows],
    }
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table


def _near(rows: Sequence[LabelRow], bits: int = NEAR_BITS) -> Iterator[tuple[LabelRow, LabelRow]]:
    hashes = as_hashes([(int(row["phash"], 16), int(row["dhash"], 16)) for row in rows])
    for one, other in near_pairs(hashes, hashes, bits):
        yield rows[one], rows[other]


def _together(rows: Sequence[LabelRow], key: str, value: str) -> dict[str, set[str]]:
    """The values that stand beside each key."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row[key]].add(row[value])
    return found
