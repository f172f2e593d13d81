"""Validation: the expectation suites over the lake's datasets, results shown as Data Docs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from counterfeit_ml.active_listings import active_listings
from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LISTINGS, QUARANTINE, SCORED_LISTINGS
from counterfeit_ml.errors import PartitionMissingError, ValidationError
from counterfeit_ml.label_sets import choose_sets, classes_of, label_rows
from counterfeit_ml.lake import Lake
from counterfeit_ml.scratch import scratch
from counterfeit_ml.settings import Settings
from counterfeit_ml.validation.training_images import training_images

if TYPE_CHECKING:
    from counterfeit_ml.validation.suites import SuiteRun

__all__ = ["validate_listings", "validate_scored_listings", "validate_training_images"]


def validate_listings(settings: Settings, ds: str) -> "SuiteRun":
    """Check the listings of day ``ds``, all marketplaces together.

    Raises ``ValidationError`` naming each expectation that failed, ``PartitionMissingError``.
    """
    lake = Lake(settings)
    listings = lake.read(LISTINGS, ds=ds)
    counts = {
        one["marketplace"]: _refused_and_seen(lake, one) for one in lake.partitions(LISTINGS, ds=ds)
    }
    # The worst marketplace's, in every row: one that was refused whole has no row of its own.
    worst = max(refused / max(1, seen) for refused, seen in counts.values())
    share = pa.repeat(pa.scalar(worst, pa.float64()), listings.num_rows)
    refusals = ", ".join(
        f"{refused} of {seen} of {name}" for name, (refused, seen) in counts.items() if refused
    )
    note = f" Refused, see quarantine/ds={ds}: {refusals}." if refusals else ""
    table = listings.append_column("quarantined_share", share)
    return _validate(settings, "listings", table, ds, note=note)


def validate_scored_listings(settings: Settings, ds: str) -> "SuiteRun":
    """Check the scored listings of day ``ds`` against its active listings; raises as above."""
    lake = Lake(settings)
    scored = lake.read(SCORED_LISTINGS, ds=ds).drop_columns(["probabilities"])
    with scratch() as folder:
        active = active_listings(lake, ds, (), folder)
    parameters = {
        "classes": list(load_brands(settings.config_dir).classes),
        "listings": active.listings if active else 0,
    }
    return _validate(settings, "scored_listings", scored, ds, parameters)


def validate_training_images(
    settings: Settings, label_sets: Sequence[str] = (), brands: Sequence[str] = ()
) -> "SuiteRun":
    """Check the labels a training on ``label_sets`` with the classes ``brands`` would take.

    All sets that go by the catalogue, and its classes, where none is named. Raises as above.
    """
    lake = Lake(settings)
    names = choose_sets(lake, label_sets)
    if not names:
        raise PartitionMissingError(
            "There are no labelled pictures: bring some in with `counterfeit labels DIR`."
        )
    labels = training_images(label_rows(lake, names))
    found = set(labels["label"].to_pylist())
    classes = classes_of(load_brands(settings.config_dir), brands, found)
    bare = sorted(set(classes) - found)
    note = (
        f" Not a single picture of {', '.join(bare)}: bring some in with `counterfeit labels DIR`, "
        "or take the brand out of config/brands.yaml."
    )
    return _validate(
        settings,
        "training_images",
        labels,
        "+".join(names),
        {"classes": list(classes)},
        note if bare else "",
    )


def _validate(
    settings: Settings,
    suite: str,
    table: pa.Table,
    run_name: str,
    parameters: Mapping[str, Any] | None = None,
    note: str = "",
) -> "SuiteRun":
    # Great Expectations takes seconds to import: only who validates pays for it.
    from counterfeit_ml.validation.data_docs import data_docs
    from counterfeit_ml.validation.suites import load_suite, run_suite

    expected = load_suite(settings.expectations_dir, suite)
    with data_docs(Lake(settings)) as context:
        run = run_suite(context, expected, table.to_pandas(), run_name, parameters or {})
    if run.failures:
        raise ValidationError(
            f"{suite} of {run_name} failed {len(run.failures)} of {run.expectations} expectations "
            f"over {run.rows} rows: {'; '.join(run.failures)}.{note} Look at the rows in Data "
            f"Docs, mend the data or expectations/{suite}.json, then run it again."
        )
    return run


def _refused_and_seen(lake: Lake, partition: dict[str, str]) -> tuple[int, int]:
    """Refused records, and all records, that one marketplace sent on one day."""
    listed = lake.manifest(LISTINGS, **partition).rows
    refused = 0
    if lake.exists(QUARANTINE, **partition):
        refused = lake.manifest(QUARANTINE, **partition).rows
    return refused, listed + refused
