"""Marks rendered for brands with few photos."""

import numpy as np
import pytest

from counterfeit_ml.training.rendered_marks import ENOUGH, MOST, render

CLASSES = ("acme", "big_name", "no_logo")
GREY = np.full((2, 64, 64, 3), 128, np.uint8)


def labels(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def test_scarce_classes_are_filled_up_and_no_others():
    made = render(CLASSES, labels(ENOUGH, 5, 1), GREY, 64, seed=1)
    assert np.bincount(made.labels).tolist() == [0, ENOUGH - 5]
    assert made.pixels.shape == (ENOUGH - 5, 64, 64, 3)
    assert made.pixels.dtype == np.uint8


def test_each_shows_a_mark_that_can_be_told_from_its_background():
    made = render(CLASSES, labels(0, ENOUGH, 9), GREY, 64, seed=1)
    contrast = np.ptp(made.pixels.astype(int), axis=(1, 2, 3))
    assert (contrast > 25).all()
    others = render(("other", *CLASSES[1:]), labels(0, ENOUGH, 9), GREY, 64, seed=1)
    assert not np.array_equal(made.pixels, others.pixels)


def test_a_seed_decides_all():
    first, second, other = (
        render(CLASSES, labels(3, 3, 3), GREY, 64, seed=seed).pixels for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", ["a", "x" * 200, "l_o_t_s_of_parts", "gold & 'silver'", "グッチ"])
def test_any_name_fits(name):
    made = render((name, "no_logo"), labels(ENOUGH - 4, 1), GREY[:0], 64, seed=3)
    assert made.pixels.shape == (4, 64, 64, 3)


def test_four_hundred_classes_stay_within_memory():
    made = render([f"brand_{n}" for n in range(400)], labels(*[20] * 400), GREY[:0], 8, seed=1)
    assert 0 < len(made.labels) <= MOST
    assert len(set(made.labels.tolist())) == 400
