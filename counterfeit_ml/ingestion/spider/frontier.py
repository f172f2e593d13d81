"""What is still to be visited, and in which order, within the run's budgets."""

import re
from collections import deque
from datetime import date, timedelta

from counterfeit_ml.ingestion.memory import Memory, Standing
from counterfeit_ml.ingestion.site import Site

RECHECK_DAYS = 7
"""How long a sitemap's word, or a known picture, is believed without asking the server."""
OTHERS_TURN = 4
"""Every fourth page is none of the listings, so that new ones are found and no trap eats all."""
MAX_QUEUED = 200_000
"""Pages of one kind kept in the queue (some 25 MB); what is found beyond it is only counted."""

Place = tuple[str, int]
"""A page's address and how many links it is away from a start page."""


class Frontier:
    """Pages found and not yet visited; each address is taken once in a run.

    Pages are kept as ``depth url`` in bytes, and those ever found as hashes, so that 50,000 of
    them take a few megabytes.
    """

    def __init__(self, site: Site, memory: Memory, ds: date, max_pages: int) -> None:
        self._memory, self._ds = memory, ds
        self._max_pages, self._max_depth = max_pages, site.max_depth
        self._is_listing = re.compile(site.listing_pages) if site.listing_pages else None
        self._found: set[int] = set()
        self._starts: deque[bytes] = deque()
        self._fresh: deque[bytes] = deque()
        self._known: dict[date, deque[bytes]] = {}
        self._others: deque[bytes] = deque()
        self._settled: deque[bytes] = deque()
        self._overflow = 0
        self._turn = 0
        self._stopped: str | None = None
        self.held = True
        """Whether to wait: the sitemaps may still say that a page has not changed."""
        self.sent = 0
        """Pages asked for."""
        self.too_deep: deque[str] = deque(maxlen=1)
        """The first page that lies too deep, until it was told."""
        self.cut = 0
        """How often a link led too deep."""

    def add(self, url: str, depth: int, changed: date | None = None) -> None:
        """Queue a page, unless it was found before; ``changed`` is what a sitemap says of it."""
        if hash(url) in self._found:
            return
        if depth > self._max_depth:
            if not self.cut:
                self.too_deep.append(url)
            self.cut += 1
            return
        self._found.add(hash(url))
        queue = self._queue(url, depth, self._memory.standing(url), changed)
        if len(queue) < MAX_QUEUED:
            queue.append(b"%d %b" % (depth, url.encode()))
        else:
            self._overflow += 1

    def must_be_listing(self, url: str) -> bool:
        """Whether the site's configuration says that the page is a listing."""
        return self._is_listing is not None and self._is_listing.search(url) is not None

    def may_be_listing(self, url: str) -> bool:
        """Whether it does not say that it is none."""
        return self._is_listing is None or self._is_listing.search(url) is not None

    def next(self) -> Place | None:
        """The page to ask for now; None where there is none, or a budget is spent."""
        if self.held or self.is_spent:
            return None
        queue = self._next_queue()
        if queue is None:
            return None
        self.sent += 1
        return _place(queue.popleft())

    def next_settled(self) -> Place | None:
        """The next page that need not be asked for: this run had it, or it has not changed."""
        return _place(self._settled.popleft()) if self._settled else None

    def give_back(self) -> None:
        """Take a page off the budget: it was not asked for after all."""
        self.sent -= 1

    def stop(self, reason: str) -> None:
        """Ask for nothing more; the first reason counts."""
        self._stopped = self._stopped or reason

    @property
    def is_spent(self) -> bool:
        """Whether no page may be asked for any more."""
        return self._stopped is not None or self.sent >= self._max_pages

    @property
    def left(self) -> int:
        """Pages that wait, or found no room to."""
        known = sum(len(queue) for queue in self._known.values())
        rest = (self._starts, self._fresh, self._others, self._settled)
        return known + sum(len(queue) for queue in rest) + self._overflow

    @property
    def stopped(self) -> str | None:
        """Why pages are left, None where none is."""
        if not self.left:
            return self._stopped
        return self._stopped or f"max_pages={self._max_pages}"

    @property
    def has_more(self) -> bool:
        """Whether ``next`` has a page, now or when it is no longer held."""
        return not self.is_spent and (self.held or self._next_queue(peek=True) is not None)

    def _queue(
        self, url: str, depth: int, known: Standing | None, changed: date | None
    ) -> deque[bytes]:
        if known and (known.done or self._is_unchanged(known, changed)):
            return self._settled
        if depth == 0:
            return self._starts
        if known and (self.must_be_listing(url) or (known.is_listing and self.may_be_listing(url))):
            return self._known.setdefault(known.asked, deque())
        return self._fresh if known is None and self.may_be_listing(url) else self._others

    def _is_unchanged(self, known: Standing, changed: date | None) -> bool:
        recently = self._ds - known.asked <= timedelta(days=RECHECK_DAYS)
        return changed is not None and changed < known.asked and recently

    def _next_queue(self, peek: bool = False) -> deque[bytes] | None:
        if self._starts:
            return self._starts
        self._turn += not peek
        listings = self._fresh or self._oldest()
        if self._others and (not listings or self._turn % OTHERS_TURN == 0):
            return self._others
        return listings or None

    def _oldest(self) -> deque[bytes] | None:
        while self._known:
            day = min(self._known)
            if self._known[day]:
                return self._known[day]
            del self._known[day]
        return None


def _place(packed: bytes) -> Place:
    depth, _, url = packed.partition(b" ")
    return url.decode(), int(depth)
