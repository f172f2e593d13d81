"""Which of a day's pictures look the same: pHashes that differ in a few of 64 bits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from counterfeit_ml.near_duplicates import SAME_BITS

LARGEST_RUN = 256
"""Hashes that are compared each with each; of more only those that have further bits in common."""
ALL_BITS = np.arange(64, dtype=np.uint64)

Hashes = NDArray[np.uint64]
Indexes = NDArray[np.int64]


def smallest_alike(hashes: Hashes) -> Hashes:
    """For each of these pHashes, no two equal, the smallest of those that look the same.

    Those within ``SAME_BITS`` do, and those that are so through others.
    """
    ordered = np.sort(hashes)
    ones, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for one, other in _same_pairs(ordered, np.arange(len(ordered)), ALL_BITS):
        ones.append(one)
        others.append(other)
    edges = (np.concatenate(ones), np.concatenate(others))
    graph = coo_array((np.ones(len(edges[0]), bool), edges), shape=(len(ordered), len(ordered)))
    groups = connected_components(graph, directed=False)[1]
    _, first = np.unique(groups, return_index=True)
    smallest = ordered[first][groups]
    return np.asarray(smallest[np.searchsorted(ordered, hashes)], np.uint64)


def _same_pairs(
    hashes: Hashes, members: Indexes, free: NDArray[np.uint64]
) -> Iterator[tuple[Indexes, Indexes]]:
    """All pairs of ``members``, which agree in all bits but ``free``, that look the same.

    Two that differ in ``SAME_BITS`` at most agree in one of so many parts and one more. Where very
    many agree, as those of a white ground do, that holds again of the bits that are left.
    """
    for part in np.array_split(free, SAME_BITS + 1):
        mask = np.bitwise_or.reduce(np.uint64(1) << part)
        order = np.argsort(hashes[members] & mask, kind="stable")
        found = members[order]
        keys = hashes[found] & mask
        run = np.cumsum(np.diff(keys, prepend=keys[:1]) != 0)
        sizes = np.bincount(run)
        small = (sizes <= LARGEST_RUN)[run]
        yield from _compared(hashes, found[small], run[small])
        ends, rest = np.cumsum(sizes), np.setdiff1d(free, part)
        for number in np.flatnonzero(sizes > LARGEST_RUN):
            within = found[ends[number] - sizes[number] : ends[number]]
            yield from _same_pairs(hashes, within, rest)


def _compared(hashes: Hashes, members: Indexes, run: Indexes) -> Iterator[tuple[Indexes, Indexes]]:
    """The pairs within each run, those next to each other first, then those one further apart."""
    at, step = np.arange(len(members)), 1
    while len(at):
        at = at[at + step < len(members)]
        at = at[run[at] == run[at + step]]
        apart = np.bitwise_count(hashes[members[at]] ^ hashes[members[at + step]])
        near = at[apart <= SAME_BITS]
        yield members[near], members[near + step]
        step += 1
