"""The platform's own figures as Prometheus reads them, from what is published."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from counterfeit_ml.datasets import LISTINGS, SCORED_LISTINGS
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring.freshness import LastDays, age_hours
from counterfeit_ml.settings import Settings
from counterfeit_ml.warehouse import Database

FLAGGED = """
SELECT marketplace, scored, flagged FROM warehouse.flagged_days
WHERE ds = (SELECT max(ds) FROM warehouse.flagged_days) ORDER BY marketplace
"""
COUNTS = ("listed", "new", "changed", "unchanged", "repeated", "quarantined", "inactive")
HELP = {
    "day_age_hours": "Hours since the last day began that a stage has published",
    "records": "Records of the last ingested day, by what became of them",
    "refused_records": "Records of the last ingested day that are in quarantine, by reason",
    "pictures": "Distinct pictures of the last ingested day's listings",
    "scored_listings": "Listings of the last scored day, seen that day or still active",
    "failed_pictures": "Pictures of the last scored day that cannot be read",
    "flags": "Flags of the last flagged day",
    "flag_candidates": "Listings that the rules were put over on the last flagged day",
}


class Figure(NamedTuple):
    """One number; its name is a key of ``HELP``."""

    name: str
    value: float
    labels: dict[str, str]


def figures(settings: Settings) -> Iterator[Figure]:
    """Every figure of the last day of each stage; raises ``LakeError``, ``WarehouseError``."""
    last, lake = LastDays.of(settings), Lake(settings)
    now = datetime.now(UTC)
    for stage, ds in asdict(last).items():
        if ds:
            yield Figure("day_age_hours", age_hours(ds, now), {"stage": stage})
    if last.ingested:
        yield from _ingested(lake, last.ingested)
    if last.scored:
        yield from _scored(lake, last.scored)
    for row in Database(settings).query(FLAGGED):
        labels = {"marketplace": row["marketplace"]}
        yield Figure("flags", row["flagged"], labels)
        yield Figure("flag_candidates", row["scored"] or 0, labels)


def exposition(settings: Settings) -> str:
    """``figures`` in Prometheus' text format, each name with the prefix ``counterfeit_``."""
    registry, gauges = CollectorRegistry(), {}
    for name, value, labels in figures(settings):
        if name not in gauges:
            gauges[name] = Gauge(f"counterfeit_{name}", HELP[name], list(labels), registry=registry)
        gauge = gauges[name]
        gauge.labels(**labels).set(value) if labels else gauge.set(value)
    return generate_latest(registry).decode()


def _ingested(lake: Lake, ds: str) -> Iterator[Figure]:
    for partition in lake.partitions(LISTINGS, ds=ds):
        summary = lake.manifest(LISTINGS, **partition).summary
        labels = {"marketplace": partition["marketplace"]}
        for outcome in COUNTS:
            yield Figure("records", summary[outcome], {**labels, "outcome": outcome})
        for reason, count in summary["reasons"].items():
            yield Figure("refused_records", count, {**labels, "reason": reason})
        yield Figure("pictures", summary["pictures"], labels)


def _scored(lake: Lake, ds: str) -> Iterator[Figure]:
    summary = lake.manifest(SCORED_LISTINGS, ds=ds).summary
    yield Figure("scored_listings", summary["listings"], {})
    yield Figure("failed_pictures", summary["failed"], {})
