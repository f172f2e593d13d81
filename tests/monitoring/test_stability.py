"""The measure against published figures and planted shifts."""

import numpy as np
import pytest

from counterfeit_ml.monitoring.stability import Severity, compare


def test_the_index_is_the_sum_that_its_definition_says():
    found = compare([30_000, 70_000], [50_000, 50_000], ordered=False)
    by_hand = (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.7 - 0.5) * np.log(0.7 / 0.5)
    assert found.psi == pytest.approx(by_hand, abs=1e-4)
    assert found.by_chance == pytest.approx(2e-5)
    assert found.severity is Severity.MODERATE
    assert found.js_distance == pytest.approx(0.1741, abs=1e-3)


def test_what_is_the_same_is_stable_and_what_has_nothing_in_common_is_severe():
    same = compare([500, 500], [900, 900], ordered=True)
    assert (same.severity, round(same.js_distance, 6)) == (Severity.STABLE, 0)
    other = compare([0, 500], [900, 0], ordered=True)
    assert (other.severity, round(other.js_distance, 2)) == (Severity.SEVERE, 1)


@pytest.mark.parametrize("ordered", [True, False])
def test_without_a_change_two_hundred_draws_of_any_size_raise_no_alarm(ordered):
    random = np.random.default_rng(7)
    shares = random.dirichlet(np.full(60 if ordered else 11, 0.5))
    for draw in range(200):
        rows = (100, 500, 5_000, 100_000)[draw % 4]
        day, before = random.multinomial(rows, shares), random.multinomial(7 * rows, shares)
        assert compare(day, before, ordered).severity is Severity.STABLE, draw


def test_a_small_brand_that_doubles_is_moderate_though_its_index_is_small():
    found = compare([4_400, 600, 5_000], [47_000, 3_000, 50_000], ordered=False)
    assert found.psi < 0.1
    assert found.severity is Severity.MODERATE
    assert found.moved == 0 or found.moved == 1


def test_a_handful_of_listings_doubles_without_notice():
    assert compare([990, 10], [9_960, 40], ordered=False).severity is Severity.STABLE


def test_a_tenth_of_the_pictures_where_none_was_is_severe():
    day, before = np.zeros(60, int), np.zeros(60, int)
    before[40], day[40], day[3] = 14_000, 1_800, 200
    assert compare(day, before, ordered=True).severity is Severity.SEVERE


@pytest.mark.parametrize(
    ("day", "before", "severity"),
    [
        ([10_000, 0], [0, 0], Severity.NO_REFERENCE),
        ([0, 0], [0, 0], Severity.NO_REFERENCE),
        ([0, 0], [10_000, 0], Severity.TOO_FEW),
        ([99, 0], [0, 10_000], Severity.TOO_FEW),
        ([0, 10_000], [99, 0], Severity.TOO_FEW),
        ([100, 0], [0, 100], Severity.SEVERE),
    ],
)
def test_few_rows_are_no_evidence(day, before, severity):
    found = compare(day, before, ordered=True)
    assert found.severity is severity
    assert (found.psi is None) == (severity is not Severity.SEVERE)


def test_one_bin_alone_is_stable():
    assert compare([300], [900], ordered=False).severity is Severity.STABLE
