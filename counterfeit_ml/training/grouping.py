"""Which pictures may not be parted: near-duplicates, and what one seller offers.

A group lies in the training or in the evaluation split, whole. Groups in the lake are frozen: a new
picture joins them and never moves them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from counterfeit_ml.label_sets import EVALUATION, TRAIN, LabelRow
from counterfeit_ml.near_duplicates import as_hashes, near_pairs


@dataclass(frozen=True)
class Member:
    """A picture as grouping sees it; ``group`` and ``split`` are None until they are decided."""

    digest: str
    phash: int
    dhash: int
    seller_id: str | None
    group: str | None = None
    split: str | None = None

    @classmethod
    def stored(cls, row: LabelRow) -> "Member":
        """Of a row of LABELS."""
        hashes = (int(row["phash"], 16), int(row["dhash"], 16))
        return cls(row["image_sha256"], *hashes, row["seller_id"], row["split_group"], row["split"])


def join(new: Sequence[Member], frozen: Sequence[Member]) -> tuple[list[Member], set[str]]:
    """The new members with their groups, and the digests of those that bridge the splits.

    A group of new pictures is named by its first digest and has no split yet. What joins a frozen
    group takes its name and split. Where new pictures tie a group of the evaluation split to one
    of the training split, those next to the evaluation are left out.
    """
    bridging = _bridging(new, frozen)
    kept = [one for one in new if one.digest not in bridging]
    members = [*kept, *frozen]
    components = _components(len(members), _ties(kept, frozen))
    groups: dict[int, Member] = {}
    for component, member in zip(components, members, strict=True):
        groups[component] = min(groups.get(component, member), member, key=_rank)
    firsts = [groups[component] for component in components[: len(kept)]]
    placed = [
        replace(one, group=_name(first), split=first.split)
        for one, first in zip(kept, firsts, strict=True)
    ]
    return placed, bridging


def parted(known: Sequence[Member], frozen: Sequence[Member]) -> set[str]:
    """The digests of those in ``known`` that have a near-duplicate on the other side of the split.

    There are none unless two imports ran at the same time.
    """
    ones, others = (as_hashes([(m.phash, m.dhash) for m in side]) for side in (known, frozen))
    return {
        known[one].digest
        for one, other in near_pairs(ones, others)
        if known[one].split != frozen[other].split
    }


def joined_groups(members: Sequence[Member]) -> list[str]:
    """The group of each member, groups that near-duplicates or sellers tie being one."""
    ties = [*_ties(members, ()), *_alike([one.group for one in members])]
    components = _components(len(members), ties)
    first: dict[int, str] = {}
    for component, member in zip(components, members, strict=True):
        first[component] = min(first.get(component, _name(member)), _name(member))
    return [first[component] for component in components]


def _name(member: Member) -> str:
    return member.group or member.digest[:16]


def _rank(member: Member) -> tuple[bool, str]:
    """A frozen member names its component before a new one."""
    return member.group is None, _name(member)


def _bridging(new: Sequence[Member], frozen: Sequence[Member]) -> set[str]:
    """Of every component that holds both splits, the new members next to the evaluation."""
    members, ties = [*new, *frozen], _ties(new, frozen)
    components = _components(len(members), ties)
    splits: dict[int, set[str | None]] = {}
    for component, member in zip(components, members, strict=True):
        splits.setdefault(component, set()).add(member.split)
    found = set()
    for one, other in ties:
        inner, outer = sorted((one, other))
        torn = {TRAIN, EVALUATION} <= splits[components[inner]]
        if inner < len(new) and members[outer].split == EVALUATION and torn:
            found.add(members[inner].digest)
    return found


def _ties(new: Sequence[Member], frozen: Sequence[Member]) -> list[tuple[int, int]]:
    """Pairs of indices into ``[*new, *frozen]`` that belong together; none is of two frozen."""
    hashes = as_hashes([(one.phash, one.dhash) for one in (*new, *frozen)])
    near = near_pairs(hashes[: len(new)], hashes)
    sellers = [one.seller_id for one in new]
    known = {(one.seller_id, one.split): len(new) + n for n, one in enumerate(frozen)}
    stored = (
        (index, known[seller, split])
        for index, seller in enumerate(sellers)
        for split in (TRAIN, EVALUATION)
        if seller is not None and (seller, split) in known
    )
    return [*near, *_alike(sellers), *stored]


def _alike(values: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """Each index that has a value, with the first that has the same."""
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value is not None:
            yield first.setdefault(value, index), index


def _components(size: int, ties: Sequence[tuple[int, int]]) -> list[int]:
    if not ties:
        return list(range(size))
    ends = np.array(ties)
    edges = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), (size, size))
    return [int(one) for one in connected_components(edges, directed=False)[1]]
