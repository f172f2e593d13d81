"""Labels from what reviewers decided: the label set ``reviews``, made anew from all decisions."""

from collections.abc import Mapping
from typing import Any

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import PartitionMissingError
from counterfeit_ml.lake import Lake
from counterfeit_ml.pictures import MAX_BYTES
from counterfeit_ml.settings import Settings
from counterfeit_ml.training.inspection import Reason, RefusedLabelError
from counterfeit_ml.training.label_source import LabelledFile, LabelSource
from counterfeit_ml.training.label_summary import ImportSummary
from counterfeit_ml.training.labels import import_labels
from counterfeit_ml.warehouse.reviews import Reviews

REVIEWS = "reviews"
"""The label set, and what it is called where one names a source."""


def import_reviews(settings: Settings) -> ImportSummary | None:
    """Make the last decisions of reviewers the label set ``reviews``; None where there is none.

    A flag that was confirmed gives its brand, or the label the reviewer gave; one that was
    dismissed, or a picture of the sample, the label given; unsure gives none. Decisions that say
    two things of one picture are both left out, and counted. Raises ``WarehouseError``,
    ``LakeError``.
    """
    lake, rows = Lake(settings), Reviews(settings).labels()
    if not rows and not lake.exists(LABELS, label_set=REVIEWS):
        return None
    source = LabelSource(
        name=REVIEWS,
        root=REVIEWS,
        classes=tuple(sorted({row["label"] for row in rows})),
        files=tuple(_labelled(row) for row in rows),
        read=_Pictures(lake),
        refused=(),
        folders=False,
        whole=False,
    )
    return import_labels(lake, load_brands(settings.config_dir), source, REVIEWS, "review")


class _Pictures:
    """Reads pictures of the lake by their sha256."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __call__(self, digest: str) -> bytes:
        try:
            return self._lake.get(self._lake.image_key(digest), at_most=MAX_BYTES)
        except PartitionMissingError as error:
            raise RefusedLabelError(Reason.NOT_A_FILE, f"{digest} is not in the lake.") from error


def _labelled(row: Mapping[str, Any]) -> LabelledFile:
    seller = row["seller_id"] and f"{row['marketplace']}:{row['seller_id']}"
    where = f"{row['marketplace']} {row['listing_id']}"
    return LabelledFile(where, row["image_sha256"], row["label"], seller, row["reviewed_by"])
