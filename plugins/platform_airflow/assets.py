"""The assets that chain the DAGs; those of the night have one partition a day."""

from airflow.sdk import Asset

LISTINGS = Asset(
    "listings",
    uri="s3://counterfeit/listings",
    group="lake",
    extra={"grain": "one row a listing as seen that day"},
)
VALIDATED_LISTINGS = Asset(
    "validated_listings",
    uri="s3://counterfeit/data_docs/results/listings",
    group="lake",
    extra={"grain": "the day's listings passed their expectations"},
)
SCORED_LISTINGS = Asset(
    "scored_listings",
    uri="s3://counterfeit/scored_listings",
    group="lake",
    extra={"grain": "every listing of the day with brand and confidence"},
)
DRIFT = Asset(
    "drift",
    uri="s3://counterfeit/drift",
    group="lake",
    extra={"grain": "the day's scores and new pictures against the days before"},
)
FLAGGED_LISTINGS = Asset(
    "flagged_listings",
    uri="postgres://warehouse/warehouse/warehouse/flagged_listings",
    group="warehouse",
    extra={"grain": "one row a flagged listing and day"},
)
LABELS = Asset(
    "labels",
    uri="s3://counterfeit/labels",
    group="lake",
    extra={"grain": "one row a picture and label set"},
)
