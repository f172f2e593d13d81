"""What is watched, and the bins in which each feature is counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FLAG_CONFIDENCE = 0.89
"""The logo confidence above which config/rules.yaml flags."""


@dataclass(frozen=True)
class Histogram:
    """Counts by bin; of a number the bins are in order and all there, of a category sorted."""

    bins: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Listings or pictures counted."""
        return sum(self.counts)


@dataclass(frozen=True)
class Feature:
    """One watched property; ``edges`` are the bounds of its bins where it is a number.

    ``of_scores``: it depends on the model, so only days of one version can be compared.
    """

    name: str
    about: str
    of_scores: bool
    edges: tuple[float, ...] = ()

    @property
    def bins(self) -> tuple[str, ...]:
        """A number's bins: below the first edge, between each two, from the last on."""
        between = (f"{low:.10g} to {high:.10g}" for low, high in pairwise(self.edges))
        return (f"under {self.edges[0]:.10g}", *between, f"{self.edges[-1]:.10g} and over")

    def histogram(self, values: Sequence[float | str]) -> Histogram:
        """Counts of ``values``."""
        if not self.edges:
            return categories(Counter(map(str, values)))
        places = np.searchsorted(self.edges, np.asarray(values, np.float64), side="right")
        return self.placed(np.bincount(places, minlength=len(self.edges) + 1))

    def placed(self, counts: NDArray[np.int64]) -> Histogram:
        """The histogram of a number whose values were counted by bin already."""
        return Histogram(self.bins, tuple(int(count) for count in counts))

    def pool(self, histograms: Iterable[Histogram]) -> Histogram:
        """Several days as one; a number's days in other bins, of an earlier release, are left."""
        if not self.edges:
            total: Counter[str] = Counter()
            for one in histograms:
                total.update(dict(zip(one.bins, one.counts, strict=True)))
            return categories(total)
        counts = np.zeros(len(self.bins), np.int64)
        for one in histograms:
            if one.bins == self.bins:
                counts += np.array(one.counts, np.int64)
        return self.placed(counts)


def categories(counts: Mapping[str, int]) -> Histogram:
    """The histogram of a category."""
    names = tuple(sorted(counts))
    return Histogram(names, tuple(counts[name] for name in names))


def _steps(low: float, high: float, number: int) -> tuple[float, ...]:
    return tuple(round(float(edge), 4) for edge in np.linspace(low, high, number))


def _powers(low: int, high: int, a_doubling: int) -> tuple[float, ...]:
    """Edges from 2^low to 2^high: sizes differ by factors."""
    exponents = np.arange(low * a_doubling, high * a_doubling + 1) / a_doubling
    return tuple(round(float(2**exponent), 0 if exponent >= 4 else 3) for exponent in exponents)


SCORES = (
    Feature("brand", "the most probable class of each listing", True),
    Feature("confidence", "its probability", True, _steps(0.01, 0.99, 99)),
    Feature("above_0.89", "listings with a logo and a confidence that may be flagged", True),
    Feature("no_logo", "listings in whose picture no logo is seen", True),
    Feature("scored", "listings whose picture could be scored", True),
)
PICTURES = (
    Feature("width", "of the picture, pixels", False, _powers(4, 14, 4)),
    Feature("height", "of the picture, pixels", False, _powers(4, 14, 4)),
    Feature("aspect", "width by height", False, _powers(-3, 3, 8)),
    Feature("bytes", "size of the picture's file", False, _powers(8, 26, 2)),
    Feature("type", "the file's format", False),
    Feature("brightness", "mean luma, 0 to 255", False, _steps(4, 252, 63)),
    Feature("contrast", "standard deviation of luma", False, _steps(2, 126, 63)),
    Feature("sharpness", "variance of the luma's Laplacian", False, _powers(-2, 16, 2)),
    Feature("picture", "whether the picture could be read", False),
)
FEATURES = {feature.name: feature for feature in (*SCORES, *PICTURES)}
