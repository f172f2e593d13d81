"""Files verdicts into the draft: a listing or a refusal, its evidence, and what was fetched."""

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from counterfeit_ml.ingestion.crawl import FetchedPicture, Visit
from counterfeit_ml.ingestion.draft import Draft
from counterfeit_ml.ingestion.examination import Verdict
from counterfeit_ml.ingestion.finding import Finding
from counterfeit_ml.ingestion.gallery import Stored, stored
from counterfeit_ml.ingestion.listings import SHORT
from counterfeit_ml.ingestion.memory import KnownEvidence, KnownPicture, Memory
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.text import plain_text

COUNTED = (
    *("rows", "pages_fetched", "pages_unchanged"),
    *("pictures_fetched", "pictures_known", "pictures_stored", "bytes_fetched"),
)
"""The counts of a run that the draft keeps, by their names in the summary."""


class Clerk:
    """Files findings of one day, in the order in which they come.

    ``memory`` is what was known before; the clerk adds to ``of_run`` what this run has fetched.
    """

    def __init__(self, draft: Draft, memory: Memory, of_run: Memory, ds: date) -> None:
        self._draft, self._memory, self._of_run, self._ds = draft, memory, of_run, ds
        self._refused_pictures: dict[str, Refused] = {}

    def file(self, finding: Finding, verdict: Verdict | None) -> None:
        """Take a finding with the examiner's verdict."""
        seq = self._draft.counts["findings"]
        page = finding.visit.url if finding.visit else None
        origin = {"seq": seq, "page": page, "source": finding.source}
        self._count(finding)
        row = self._row(finding, verdict) if verdict else None
        evidence = self._evidence(finding, seq, row)
        if isinstance(row, Refused):
            self._draft.add("quarantine", origin | _quarantined(finding, row))
        elif row:
            self._draft.add("listings", origin | row | evidence)
        if finding.visit:
            self._note_page(finding.visit, evidence)

    def _row(self, finding: Finding, verdict: Verdict) -> dict[str, Any] | Refused:
        """The row with its picture's columns, or the first refusal."""
        picture = verdict.picture
        if finding.picture and not isinstance(picture, Stored):
            picture = self._known(finding.picture, picture)
        if isinstance(picture, Stored):
            self._note_picture(finding, picture)
        if isinstance(verdict.row, Refused):
            return verdict.row
        if isinstance(picture, Stored):
            return verdict.row | picture.columns()
        return picture or Refused(Reason.MISSING_IMAGE, "The record names no picture.")

    def _known(self, fetched: FetchedPicture, refusal: Refused | None) -> Stored | Refused:
        """A picture that is not fetched again, in this run or since an earlier one."""
        if refusal:
            self._refused_pictures[fetched.url] = refusal
            return refusal
        known = self._of_run.picture(fetched.url) or self._memory.picture(fetched.url)
        if known:
            return stored(known)
        return self._refused_pictures.get(fetched.url) or Refused(
            Reason.MISSING_IMAGE, "The picture could not be had for another listing either."
        )

    def _evidence(
        self, finding: Finding, seq: int, row: dict[str, Any] | Refused | None
    ) -> dict[str, Any]:
        """Where the raw record of a listing lies; it is added where the lake has not got it.

        The quarantine holds the raw record itself, but for that of a page.
        """
        if not isinstance(finding.record, dict) or (isinstance(row, Refused) and not finding.visit):
            return {"evidence_sha256": None, "evidence_ds": None}
        known = finding.evidence
        if known is None and isinstance(row, dict):
            known = self._memory.evidence(row["listing_id"])
        if finding.raw is not None:
            digest = sha256(finding.raw).hexdigest()
            if known is None or known.sha256 != digest:
                known = KnownEvidence(digest, self._ds)
                self._draft.add("evidence", self._raw(finding, seq, digest))
        return {
            "evidence_sha256": known and known.sha256,
            "evidence_ds": known and known.ds,
        }

    def _raw(self, finding: Finding, seq: int, digest: str) -> dict[str, Any]:
        return {
            "seq": seq,
            "sha256": digest,
            "source": finding.source,
            "media_type": finding.media_type,
            "taken_at": datetime.now(UTC).replace(microsecond=0),
            "raw": finding.raw,
        }

    # What was fetched

    def _note_page(self, visit: Visit, evidence: dict[str, Any]) -> None:
        if not visit.asked or (visit.refused and visit.refused.reason != Reason.NO_PRODUCT_DATA):
            return
        self._draft.add(
            "fetches",
            {
                "url": visit.url,
                "kind": "page",
                "source": visit.source,
                "etag": visit.etag,
                "last_modified": visit.last_modified,
                "asked": self._ds,
                "links": visit.links,
                "record": json.dumps(visit.record) if visit.record else None,
                "sha256": evidence["evidence_sha256"],
                "evidence_ds": evidence["evidence_ds"],
            },
        )

    def _note_picture(self, finding: Finding, picture: Stored) -> None:
        """Remember the picture's address: for this run at once, for later ones in the lake."""
        fetched = finding.picture
        if fetched is not None and not fetched.asked:
            return
        url = fetched.url if fetched else str(finding.record["image"])  # type: ignore[index]
        known = KnownPicture(
            url=url,
            etag=fetched.etag if fetched else None,
            last_modified=fetched.last_modified if fetched else None,
            asked=self._ds,
            sha256=picture.sha256,
            media_type=picture.media_type,
            phash=picture.phash,
        )
        self._of_run.remember_pictures([known])
        self._draft.counts["pictures_stored"] += picture.new
        self._draft.add(
            "fetches",
            {
                "url": url,
                "kind": "picture",
                "etag": known.etag,
                "last_modified": known.last_modified,
                "asked": self._ds,
                "sha256": picture.sha256,
                "image_type": picture.media_type,
                "image_phash": picture.phash,
            },
        )

    def _count(self, finding: Finding) -> None:
        counts, visit, picture = self._draft.counts, finding.visit, finding.picture
        counts["findings"] += 1
        counts["rows"] += finding.rows
        if visit:
            counts["pages_fetched" if visit.fetched else "pages_unchanged"] += 1
        if picture:
            counts["pictures_fetched"] += picture.data is not None
            counts["pictures_known"] += picture.known
        counts["bytes_fetched"] += finding.fetched_bytes


def _quarantined(finding: Finding, refusal: Refused) -> dict[str, Any]:
    record = finding.record
    listing_id = record.get("listing_id") if isinstance(record, dict) else None
    return {
        "listing_id": plain_text(listing_id, SHORT),
        "reason": refusal.reason.value,
        "detail": refusal.detail,
        "record": finding.raw_record,
    }
