"""What the spider is told by whoever starts it, and what both sides of the pipe agree on."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from counterfeit_ml.ingestion.site import Site

ANY_HOST = "*"
MAX_LINKS = 2000
"""More than a reader finds on any page; what a page links to beyond it is not followed."""


@dataclass(frozen=True)
class Job:
    """One line of JSON on the spider's standard input, which stays open: its end stops the spider.

    Without a ``site`` the spider fetches the pictures that further lines name: lists of URLs.
    """

    ds: str
    memory: str
    folder: str
    site: dict[str, Any] | None
    max_pages: int
    max_bytes: int
    local_hosts: tuple[str, ...]
    """``host:port`` of those that may have a private address; ``ANY_HOST`` where all may."""
    timeout: float
    explain: bool

    @property
    def day(self) -> date:
        """The day the records are of."""
        return date.fromisoformat(self.ds)

    @property
    def shop(self) -> Site | None:
        """The site, typed."""
        return None if self.site is None else Site.model_validate(self.site)
