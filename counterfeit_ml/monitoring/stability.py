"""How far two histograms are apart, and from where on a person should know.

The measure is the population stability index, Σ (p - q) ln(p / q), with the two limits that credit
scoring has long used: 0.1 a change worth a look, 0.25 one that asks for a new model (Siddiqi,
*Credit Risk Scorecards*, 2006). Of samples it is never 0: without any change it is distributed as
(1/n + 1/m) times a chi-square with bins - 1 degrees of freedom (Yurdakul, *Statistical Properties
of Population Stability Index*, 2018), 0.2 for 50 listings against 350 in ten bins. Its expectation
is therefore taken off, and what chance would do once in ten thousand counts for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

MODERATE, SEVERE = 0.1, 0.25
CHANCE = 1e-4
"""Of a false alarm: fourteen features a night come to one in two years."""
MIN_ROWS = 100
"""Below it a bin of a twentieth expects fewer than five, and the chi-square is no longer near."""
BINS = 20
"""Of a number, at most; each holds a twentieth of the two samples or more."""
FACTOR, SIGMAS, HANDFUL = 1.5, 5.0, 20
"""A share that grew by half or fell by a third is moderate, if by five standard errors and twenty
rows: the index of a brand that goes from 6 % to 12 % is 0.05, and someone wants to know."""


class Severity(StrEnum):
    """What is made of a feature's day."""

    STABLE = "stable"
    MODERATE = "moderate"
    SEVERE = "severe"
    NO_REFERENCE = "no reference"
    TOO_FEW = "too few"


@dataclass(frozen=True)
class Stability:
    """The comparison of a day with its reference.

    ``psi`` is the index as counted, ``by_chance`` what it would be on average without any change,
    both None where there is nothing to compare. ``js_distance`` is Jensen and Shannon's, 0 to 1.
    ``moved`` is the bin whose share has changed most, as an index into the bins given.
    """

    severity: Severity
    psi: float | None = None
    by_chance: float | None = None
    js_distance: float | None = None
    moved: int | None = None


def compare(day: Sequence[int], reference: Sequence[int], ordered: bool) -> Stability:
    """Compare counts in the same bins; ``ordered`` ones, of a number, are merged to ``BINS``."""
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import chi2

    now, before = np.asarray(day, np.int64), np.asarray(reference, np.int64)
    if not before.sum():
        return Stability(Severity.NO_REFERENCE)
    if min(now.sum(), before.sum()) < MIN_ROWS:
        return Stability(Severity.TOO_FEW)
    edges = _runs(now, before) if ordered else np.flatnonzero(now + before)
    merged = np.add.reduceat(now, edges), np.add.reduceat(before, edges)
    psi, unit, freedom = _psi(*merged), 1 / now.sum() + 1 / before.sum(), len(edges) - 1
    counts = psi > unit * chi2.isf(CHANCE, freedom) if freedom else False
    found = _severity(psi - freedom * unit) if counts else Severity.STABLE
    if found is Severity.STABLE and not ordered and _some_share_leapt(now, before):
        found = Severity.MODERATE
    moved = int(np.argmax(np.abs(now / now.sum() - before / before.sum())))
    distance = float(np.nan_to_num(jensenshannon(*merged, base=2)))
    return Stability(found, psi, freedom * unit, distance, moved)


def _severity(excess: float) -> Severity:
    if excess >= SEVERE:
        return Severity.SEVERE
    return Severity.MODERATE if excess >= MODERATE else Severity.STABLE


def _psi(now: NDArray[np.int64], before: NDArray[np.int64]) -> float:
    # Half a row in each bin, so that one empty on one side is a large change and no infinite one.
    p = (now + 0.5) / (now.sum() + 0.5 * len(now))
    q = (before + 0.5) / (before.sum() + 0.5 * len(before))
    return float(np.sum((p - q) * np.log(p / q)))


def _runs(now: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.int64]:
    """First bins of runs that hold 1 / BINS of the two samples together, each weighing the same.

    Of both: quantiles of the reference alone, as is usual, would put all that is new beside them
    into one bin.
    """
    share = (now / now.sum() + before / before.sum()) / 2
    starts, held = [0], 0.0
    for index, part in enumerate(share[:-1]):
        held += part
        if held >= 1 / BINS - 1e-9 and share[index + 1 :].sum() >= 1 / BINS - 1e-9:
            starts.append(index + 1)
            held = 0.0
    return np.array(starts, np.int64)


def _some_share_leapt(now: NDArray[np.int64], before: NDArray[np.int64]) -> bool:
    n, m = now.sum(), before.sum()
    p, q, together = now / n, before / m, (now + before) / (n + m)
    error = np.sqrt(together * (1 - together) * (1 / n + 1 / m))
    certain = np.abs(p - q) > SIGMAS * error
    many = np.maximum(now, q * n) >= HANDFUL
    leapt = np.maximum(p, q) >= FACTOR * np.minimum(p, q)
    return bool(np.any(certain & many & leapt))
