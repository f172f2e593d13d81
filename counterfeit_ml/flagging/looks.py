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
        ends = np.append(np.flatnonzero(keys[1:] != keys[:-1]) + 1, len(keys))
        sizes = np.diff(ends, prepend=0)
        small = sizes <= LARGEST_RUN
        yield from _compared(ordered[np.repeat(small, sizes)], sizes[small])
        rest = np.setdiff1d(free, part)
        for number in np.flatnonzero(~small):
            yield from _same_pairs(ordered[ends[number] - sizes[number] : ends[number]], rest)


def _bits(hashes: Hashes, part: Indexes) -> NDArray[np.unsignedinteger]:
    """What ``hashes`` have at the bits ``part``; in 16 bits where it fits, which sort faster."""
    mask = sum(1 << int(bit - part[0]) for bit in part)
    keys = (hashes >> np.uint64(part[0])) & np.uint64(mask)
    return keys.astype(np.uint16) if mask < 2**16 else keys


def _compared(hashes: Hashes, sizes: Indexes) -> Iterator[tuple[Hashes, Hashes]]:
    """The pairs of each run, of ``sizes``: those next to each other, then those one further apart.

    Longest runs first, so that those long enough for a step are one slice. That two of different
    runs meet in it does no harm: only what looks the same comes out.
    """
    short = (LARGEST_RUN - np.repeat(sizes, sizes)).astype(np.uint16)
    order = np.argsort(short, kind="stable")
    hashes, short = hashes[order], short[order]
    for step in range(1, sizes.max(initial=0)):
        run = hashes[: np.searchsorted(short, np.uint16(LARGEST_RUN - step))]
        one, other = run[:-step], run[step:]
        near = np.bitwise_count(one ^ other) <= SAME_BITS
        yield one[near], other[near]
