"""The histograms of a day's scores."""

from collections import defaultdict

import numpy as np

from counterfeit_ml.brands import NO_LOGO
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring.features import (
    FLAG_CONFIDENCE,
    SCORES,
    Feature,
    Histogram,
    categories,
)
from counterfeit_ml.monitoring.query import query


def score_histograms(lake: Lake, ds: str) -> dict[str, Histogram]:
    """Every listing of day ``ds``, by feature."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    bounds = {"no_logo": NO_LOGO, "flag_confidence": FLAG_CONFIDENCE}
    for feature, place, rows in query(lake, "score_counts", SCORED_LISTINGS, ds, **bounds):
        counts[feature][place] = rows
    return {feature.name: _histogram(feature, counts[feature.name]) for feature in SCORES}


def _histogram(feature: Feature, counts: dict[str, int]) -> Histogram:
    if not feature.edges:
        return categories(counts)
    places = np.zeros(len(feature.bins), np.int64)
    for place, rows in counts.items():
        places[int(place)] = rows
    return feature.placed(places)
