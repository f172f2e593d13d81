"""One record as its source gives it, with what proves it and what is known of its picture."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from counterfeit_ml.ingestion.crawl import FetchedPicture, PictureFetcher, Visit
from counterfeit_ml.ingestion.feed import Entry
from counterfeit_ml.ingestion.memory import KnownEvidence
from counterfeit_ml.ingestion.reasons import Refused

FETCHED_TOGETHER = 32
"""Entries of a feed whose remote pictures are fetched at once; they are in memory together."""


@dataclass(frozen=True)
class Finding:
    """A record, or why there is none; or, with neither, a page that only leads on."""

    source: str
    record: dict[str, Any] | Refused | None
    text: str | None
    """The raw record as it stands in a feed."""
    raw: bytes | None
    """What it was read from; None where that is known."""
    media_type: str
    evidence: KnownEvidence | None = None
    """Where ``raw`` lies already."""
    picture: FetchedPicture | None = None
    """None where the picture is a file beside the feed."""
    visit: Visit | None = None
    rows: int = 1

    @property
    def raw_record(self) -> str:
        """What the quarantine keeps of it."""
        if self.text is not None or not self.visit:
            return self.text or ""
        record = self.visit.record or {"url": self.visit.url}
        return json.dumps(record, sort_keys=True, ensure_ascii=False)

    @property
    def has_picture_to_store(self) -> bool:
        """Whether there are bytes to look at, here or in a file beside the feed."""
        return isinstance(self.record, dict) and not (self.picture and self.picture.data is None)

    @property
    def fetched_bytes(self) -> int:
        """Bytes that a server sent for it."""
        return self.size if self.visit or not self.raw else self.size - len(self.raw)

    @property
    def size(self) -> int:
        """Bytes it holds in memory."""
        picture = self.picture.data if self.picture else None
        return len(self.raw or b"") + len(picture or b"")


def of_visit(visit: Visit, evidence: KnownEvidence | None) -> Finding:
    """What a visited page holds; ``evidence`` is where it lies as it was before."""
    return Finding(
        source=visit.source,
        record=visit.refused or visit.record,
        text=None,
        raw=visit.body,
        media_type=visit.media_type or "text/html",
        evidence=evidence,
        picture=visit.picture,
        visit=visit,
        rows=1 if visit.record or visit.refused else 0,
    )


def of_entries(
    entries: Iterable[Entry], media_type: str, fetcher: PictureFetcher
) -> Iterator[Finding | None]:
    """The records of a feed; pictures that are not beside it come from ``fetcher``.

    None goes before each wait for these.
    """
    rest = iter(entries)
    while together := list(islice(rest, FETCHED_TOGETHER)):
        addresses = [_remote_picture(entry) for entry in together]
        wanted = [address for address in addresses if address]
        if wanted:
            yield None
        fetched = iter(fetcher.fetch(wanted) if wanted else ())
        for entry, address in zip(together, addresses, strict=True):
            yield Finding(
                source=entry.source,
                record=entry.record,
                text=entry.text,
                raw=entry.text.encode("utf-8", "surrogatepass"),
                media_type=media_type,
                picture=next(fetched) if address else None,
                rows=entry.rows,
            )


def _remote_picture(entry: Entry) -> str | None:
    """The address to fetch, where the record names no file beside the feed."""
    if isinstance(entry.record, Refused) or entry.record.get("image"):
        return None
    address = entry.record.get("image_url")
    return address if isinstance(address, str) else None
