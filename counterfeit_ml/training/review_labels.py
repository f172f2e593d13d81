"""Labels from what reviewers decided: the label set ``reviews``, made anew from all decisions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import PartitionMissingError
from counterfeit_ml.lake import Lake, Manifest
from counterfeit_ml.pictures import MAX_BYTES
from counterfeit_ml.settings import Settings
from counterfeit_ml.training.inspection import Reason, RefusedLabelError
from counterfeit_ml.training.label_source import LabelledFile, LabelSource
from counterfeit_ml.training.label_summary import ImportSummary
from counterfeit_ml.training.labels import import_labels
from counterfeit_ml.warehouse.reviews import Reviews

REVIEWS = "reviews"
"""The label set."""


def import_reviews(settings: Settings) -> ImportSummary | None:
    """Make the last decisions of reviewers the label set ``reviews``; None if it was that already.

    A flag that was confirmed gives its brand, or the label the reviewer gave; one that was
    dismissed, or a picture of the sample, the label given; unsure gives none. Decisions that say
    two things of one picture are both left out, and counted. Raises ``WarehouseError``,
    ``LakeError``.
    """
    lake, rows = Lake(settings), Reviews(settings).labels()
    before = _written(lake)
    if not rows and before is None:
        return None
    source = LabelSource(
        name=REVIEWS,
        root=REVIEWS,
        classes=tuple(sorted({row["label"] for row in rows})),
        files=tuple(_labelled(row) for row in rows),
        read=partial(_read, lake),
        refused=(),
        folders=False,
        whole=False,
    )
    summary = import_labels(lake, load_brands(settings.config_dir), source, REVIEWS, "review")
    return summary if _written(lake) != before else None


def _written(lake: Lake) -> Manifest | None:
    try:
        return lake.manifest(LABELS, label_set=REVIEWS)
    except PartitionMissingError:
        return None


def _read(lake: Lake, digest: str) -> bytes:
    try:
        return lake.get(lake.image_key(digest), at_most=MAX_BYTES)
    except PartitionMissingError as error:
        raise RefusedLabelError(Reason.NOT_A_FILE, f"{digest} is not in the lake.") from error


def _labelled(row: Mapping[str, Any]) -> LabelledFile:
    seller = row["seller_id"] and f"{row['marketplace']}:{row['seller_id']}"
    where = f"{row['marketplace']} {row['listing_id']}"
    return LabelledFile(where, row["image_sha256"], row["label"], seller, row["reviewed_by"])
