"""Compares a day with the days before it."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from counterfeit_ml.datasets import DRIFT, SCORED_LISTINGS
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring.days import DayDrift, day_drift, earlier, histograms
from counterfeit_ml.monitoring.features import FEATURES, Feature, Histogram
from counterfeit_ml.monitoring.pictures import picture_histograms
from counterfeit_ml.monitoring.scores import score_histograms
from counterfeit_ml.monitoring.stability import Severity, compare
from counterfeit_ml.settings import Settings

REFERENCE_DAYS = 28
"""Four of each weekday. Fewer serve as well, one even: a champion may live but a week."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Past:
    """The days before, as each left its histograms."""

    days: tuple[str, ...]
    histograms: tuple[Mapping[str, tuple[Histogram, str | None]], ...]

    def of(self, feature: Feature, version: str) -> tuple[list[str], Histogram]:
        """Days comparable under model ``version``, and their counts of ``feature`` pooled."""
        found = [
            (ds, day[feature.name][0])
            for ds, day in zip(self.days, self.histograms, strict=True)
            if feature.name in day and day[feature.name][1] in (None, version)
        ]
        return [ds for ds, _ in found], feature.pool(one for _, one in found)


def measure_drift(settings: Settings, ds: str) -> DayDrift:
    """Compare the scores and new pictures of day ``ds`` with the days before; writes ``drift/ds``.

    The reference is what the last ``REFERENCE_DAYS`` compared days before ``ds`` left, those of the
    same model version where scores are compared: the first day of a champion has none. Raises
    ``PartitionMissingError`` where the day was not scored.
    """
    lake = Lake(settings)
    version = str(lake.manifest(SCORED_LISTINGS, ds=ds).summary["model_version"])
    days = earlier(lake, ds, REFERENCE_DAYS)
    past = Past(tuple(days), tuple(histograms(lake, one) for one in days))
    now = {**score_histograms(lake, ds), **picture_histograms(lake, ds)}
    rows = [_row(FEATURES[name], found, version, past) for name, found in now.items()]
    outcome = _outcome(ds, version, rows, _severe_before(lake, days))
    table = pa.Table.from_pylist(rows, DRIFT.schema)
    lake.write(DRIFT, table, outcome.summary, ds=ds)
    log.info("%s: severe %s, moderate %s", ds, outcome.severe, outcome.moderate)
    return outcome


def _row(feature: Feature, now: Histogram, version: str, past: Past) -> dict[str, Any]:
    days, before = past.of(feature, version)
    bins = now.bins if feature.edges else tuple(sorted({*now.bins, *before.bins}))
    counts, reference = _aligned(now, bins), _aligned(before, bins)
    found = compare(counts, reference, ordered=bool(feature.edges))
    return {
        "feature": feature.name,
        "model_version": version if feature.of_scores else None,
        "severity": found.severity.value,
        "psi": found.psi,
        "psi_by_chance": found.by_chance,
        "js_distance": found.js_distance,
        "moved": None if found.moved is None else bins[found.moved],
        "rows": now.rows,
        "reference_rows": before.rows,
        "reference_days": [date.fromisoformat(ds) for ds in days],
        "bins": list(bins),
        "counts": counts,
        "reference_counts": reference,
    }


def _aligned(histogram: Histogram, bins: tuple[str, ...]) -> list[int]:
    counts = dict(zip(histogram.bins, histogram.counts, strict=True))
    return [counts.get(name, 0) for name in bins]


def _severe_before(lake: Lake, days: list[str]) -> tuple[str, ...]:
    return day_drift(lake, days[-1]).severe if days else ()


def _outcome(
    ds: str, version: str, rows: list[dict[str, Any]], severe_before: Iterable[str]
) -> DayDrift:
    severe = _names(rows, Severity.SEVERE)
    sizes = {row["feature"]: row["rows"] for row in rows}
    return DayDrift(
        ds=ds,
        model_version=version,
        listings=sizes["scored"],
        pictures=sizes["picture"],
        reference_days=max(len(row["reference_days"]) for row in rows),
        severe=severe,
        moderate=_names(rows, Severity.MODERATE),
        proposed=tuple(name for name in severe if name not in severe_before),
    )


def _names(rows: list[dict[str, Any]], severity: Severity) -> tuple[str, ...]:
    """Features of that severity, the one that has moved most first."""
    found = [row for row in rows if row["severity"] == severity.value]
    found.sort(key=lambda row: (row["psi_by_chance"] - row["psi"], row["feature"]))
    return tuple(row["feature"] for row in found)
