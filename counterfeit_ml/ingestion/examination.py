"""Decides what becomes of a finding: a row of the day's listings, or a reason to refuse it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from counterfeit_ml.ingestion.finding import Finding
from counterfeit_ml.ingestion.gallery import Gallery, Stored
from counterfeit_ml.ingestion.listings import listing_fields
from counterfeit_ml.ingestion.pictures import read_picture
from counterfeit_ml.ingestion.reasons import Reason, Refused


@dataclass(frozen=True)
class Verdict:
    """The row but for its picture's columns, or the refusal; and what came of the picture."""

    row: dict[str, Any] | Refused
    picture: Stored | Refused | None
    """None where there is nothing to look at: it is known by its address."""


@dataclass(frozen=True)
class Examiner:
    """Examines findings of one day. Safe to use from several threads."""

    ds: date
    locale: str | None
    gallery: Gallery
    folder: Path | None
    """Where pictures beside a feed lie."""

    def examine(self, finding: Finding) -> Verdict | None:
        """The verdict on a finding; None where it holds no record."""
        if finding.record is None:
            return None
        if isinstance(finding.record, Refused):
            return Verdict(finding.record, None)
        row = self._row(finding.record)
        if isinstance(row, Refused) and finding.picture is None:
            return Verdict(row, None)
        return Verdict(row, self._picture(finding, finding.record))

    def _row(self, record: dict[str, Any]) -> dict[str, Any] | Refused:
        try:
            return listing_fields(record, self.ds, self.locale)
        except Refused as refusal:
            return refusal

    def _picture(self, finding: Finding, record: dict[str, Any]) -> Stored | Refused | None:
        """A picture that was fetched is stored, whatever its first listing is worth."""
        try:
            if finding.picture is None:
                return self.gallery.store(self._beside(record))
            if finding.picture.data is None:
                return finding.picture.refused
            return self.gallery.store(finding.picture.data)
        except Refused as refusal:
            return refusal

    def _beside(self, record: dict[str, Any]) -> bytes:
        if self.folder is None and record.get("image"):
            raise Refused(Reason.MISSING_IMAGE, "Only a feed in a folder has pictures beside it.")
        return read_picture(self.folder or Path(), record.get("image"))
