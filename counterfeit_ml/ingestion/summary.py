"""What a run of ingestion came to."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class IngestSummary:
    """The counts of one marketplace and day: ``seen == listed + repeated + quarantined``.

    ``new + changed + unchanged == listed``, against the last day before. The fields that do not
    compare tell of this run's work; all others are the same when the day is ingested again.
    """

    ds: str
    marketplace: str
    seen: int
    listed: int
    new: int
    changed: int
    unchanged: int
    repeated: int
    quarantined: int
    reasons: dict[str, int]
    inactive: int
    """Listings known from before that have just not been seen for too long."""
    pictures: int
    """Distinct ones."""
    rows: int = field(compare=False)
    """Lines of a feed, of which one listing may take several."""
    pages_fetched: int = field(default=0, compare=False)
    pages_unchanged: int = field(default=0, compare=False)
    pages_left: int = field(default=0, compare=False)
    """Known of, but beyond the budget of pages or bytes."""
    pictures_fetched: int = field(default=0, compare=False)
    pictures_known: int = field(default=0, compare=False)
    """Not fetched again, or unchanged as their server says."""
    pictures_stored: int = field(default=0, compare=False)
    bytes_fetched: int = field(default=0, compare=False)
    stopped: str | None = field(default=None, compare=False)
    """Which budget ended the crawl, if one did."""

    def lasting(self) -> dict[str, Any]:
        """What the manifest remembers: all that is the same when the day is ingested again."""
        lasting = {one for one, kind in type(self).__dataclass_fields__.items() if kind.compare}
        return {name: value for name, value in asdict(self).items() if name in lasting}
