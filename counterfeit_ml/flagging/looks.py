"""Which of a day's pictures look the same: pHashes that differ in a few of 64 bits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from counterfeit_ml.near_duplicates import SAME_BITS

LARGEST_RUN = 256
"""Hashes that are compared each with each; of more only those that have further bits in common."""

Hashes = NDArray[np.uint64]
Indexes = NDArray[np.int64]


def smallest_alike(hashes: Hashes) -> tuple[Hashes, Hashes]:
    """Those of these pHashes, no two equal, that look like a smaller one, and the smallest each.

    Those within ``SAME_BITS`` look the same, and those that do so through others.
    """
    pairs = list(_same_pairs(hashes, np.arange(64)))
    ones = np.concatenate([hashes[:0], *(one for one, _ in pairs)])
    others = np.concatenate([hashes[:0], *(other for _, other in pairs)])
    found, ends = np.unique(np.concatenate([ones, others]), return_inverse=True)
    edges = (ends[: len(ones)], ends[len(ones) :])
    graph = coo_array((np.ones(len(ones), bool), edges), shape=(len(found), len(found)))
    groups = connected_components(graph, directed=False)[1]
    # `found` is in order: the first of a group is its smallest.
    _, first = np.unique(groups, return_index=True)
    smallest = found[first][groups]
    return found[found != smallest], smallest[found != smallest]


def _same_pairs(hashes: Hashes, free: Indexes) -> Iterator[tuple[Hashes, Hashes]]:
    """All pairs of ``hashes``, which agree in all bits but ``free``, that look the same.

    Two that differ in ``SAME_BITS`` at most agree in one of so many parts and one more. Where very
    many agree, as those of a white ground do, that holds again of the bits that are left.
    """
    for part in np.array_split(free, SAME_BITS + 1):
        keys = _bits(hashes, part)
        order = np.argsort(keys, kind="stable")
        ordered, keys = hashes[order], keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[:1]) != 0)
        sizes = np.diff(np.concatenate([[0], starts, [len(keys)]]))
        run = np.repeat(np.arange(len(sizes)), sizes)
        small = (sizes <= LARGEST_RUN)[run]
        yield from _compared(ordered[small], run[small])
        ends, rest = np.cumsum(sizes), np.setdiff1d(free, part)
        for number in np.flatnonzero(sizes > LARGEST_RUN):
            yield from _same_pairs(ordered[ends[number] - sizes[number] : ends[number]], rest)


def _bits(hashes: Hashes, part: Indexes) -> NDArray[np.unsignedinteger]:
    """What ``hashes`` have at the bits ``part``; in 16 bits where it fits, which sort faster."""
    mask = sum(1 << int(bit - part[0]) for bit in part)
    keys = (hashes >> np.uint64(part[0])) & np.uint64(mask)
    return keys.astype(np.uint16) if mask < 2**16 else keys


def _compared(hashes: Hashes, run: Indexes) -> Iterator[tuple[Hashes, Hashes]]:
    """The pairs within each run, those next to each other first, then those one further apart."""
    at, step = np.arange(len(hashes)), 1
    while len(at):
        at = at[at < len(hashes) - step]
        at = at[run[at] == run[at + step]]
        one, other = hashes[at], hashes[at + step]
        near = np.bitwise_count(one ^ other) <= SAME_BITS
        yield one[near], other[near]
        step += 1
