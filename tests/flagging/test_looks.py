"""Pictures that look the same, against comparing each with each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from counterfeit_ml.flagging.looks import LARGEST_RUN, smallest_alike

hashes = st.integers(0, 2**64 - 1)
near = st.builds(
    lambda one, bits: [one ^ sum({1 << bit for bit in bits}), one],
    hashes,
    st.lists(st.integers(0, 63), max_size=5),
)


def smallest(values: np.ndarray) -> np.ndarray:
    found = dict(zip(*smallest_alike(values), strict=True))
    return np.array([found.get(value, value) for value in values], np.uint64)


def each_with_each(values: np.ndarray) -> np.ndarray:
    apart = np.bitwise_count(values[:, None] ^ values[None, :])
    groups = connected_components(apart <= 3, directed=False)[1]
    smallest = [values[groups == group].min() for group in range(groups.max(initial=-1) + 1)]
    return np.array(smallest, np.uint64)[groups]


@given(st.lists(near, max_size=12))
def test_it_finds_what_comparing_each_with_each_finds(pairs):
    values = np.array(sorted({one for pair in pairs for one in pair}), np.uint64)
    assert (smallest(values) == each_with_each(values)).all()


@pytest.mark.parametrize("shift", [0, 52])
def test_so_it_does_where_thousands_have_most_bits_in_common(shift):
    rng = np.random.default_rng(7)
    values = np.unique(
        rng.integers(0, 2**12, 8 * LARGEST_RUN).astype(np.uint64) << np.uint64(shift)
    )
    assert (smallest(values) == each_with_each(values)).all()


def test_one_hash_or_none_is_alone():
    for alone in ([5], []):
        alike, smaller = smallest_alike(np.array(alone, np.uint64))
        assert (len(alike), len(smaller)) == (0, 0)
