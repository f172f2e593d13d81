"""Validation: the expectation suites over the lake's datasets, results shown as Data Docs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LABELS, LISTINGS, QUARANTINE, SCORED_LISTINGS
from counterfeit_ml.errors import PartitionMissingError, ValidationError
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings

if TYPE_CHECKING:
    from counterfeit_ml.validation.suites import SuiteRun

__all__ = ["validate_listings", "validate_scored_listings", "validate_training_images"]


def validate_listings(settings: Settings, ds: str) -> "SuiteRun":
    """Check the listings of day ``ds``, all marketplaces together.

    Raises ``ValidationError`` naming each expectation that failed, ``PartitionMissingError``.
    """
    lake = Lake(settings)
    listings = lake.read(LISTINGS, ds=ds)
    shares = {
        one["marketplace"]: _quarantined_share(lake, one)
        for one in lake.partitions(LISTINGS, ds=ds)
    }
    share = pa.array([shares[name] for name in listings["marketplace"].to_pylist()], pa.float64())
    return _validate(settings, "listings", listings.append_column("quarantined_share", share), ds)


def validate_scored_listings(settings: Settings, ds: str) -> "SuiteRun":
    """Check the scored listings of day ``ds`` against its listings; raises as above."""
    lake = Lake(settings)
    scored = lake.read(SCORED_LISTINGS, ds=ds).drop_columns(["probabilities"])
    parameters = {
        "classes": list(load_brands(settings.config_dir).classes),
        "listings": lake.read(LISTINGS, ["listing_id"], ds=ds).num_rows,
    }
    return _validate(settings, "scored_listings", scored, ds, parameters)


def validate_training_images(settings: Settings, label_sets: Sequence[str] = ()) -> "SuiteRun":
    """Check the labels of ``label_sets``, or of all sets; raises as above."""
    lake = Lake(settings)
    names = label_sets or [one["label_set"] for one in lake.partitions(LABELS)]
    if not names:
        raise PartitionMissingError(
            "There are no labelled pictures: bring some in with `counterfeit labels DIR`."
        )
    labels = pa.concat_tables(lake.read(LABELS, label_set=name) for name in names)
    parameters = {"classes": list(load_brands(settings.config_dir).classes)}
    return _validate(settings, "training_images", labels, "+".join(sorted(names)), parameters)


def _validate(
    settings: Settings,
    suite: str,
    table: pa.Table,
    run_name: str,
    parameters: Mapping[str, Any] | None = None,
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
            f"over {run.rows} rows: {'; '.join(run.failures)}. See Data Docs for the rows."
        )
    return run


def _quarantined_share(lake: Lake, partition: dict[str, str]) -> float:
    """Refused records as a share of all records that one marketplace sent on one day."""
    listed = lake.manifest(LISTINGS, **partition).rows
    refused = 0
    if lake.exists(QUARANTINE, **partition):
        refused = lake.manifest(QUARANTINE, **partition).rows
    return refused / max(1, listed + refused)
