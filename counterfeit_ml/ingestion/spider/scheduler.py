"""Scrapy's scheduler: pages come from the frontier, all other requests pass through."""

from collections import deque
from typing import Any

from scrapy import Request
from scrapy.core.scheduler import BaseScheduler


class Scheduler(BaseScheduler):
    """Retries and redirects first, as they are under way, then the frontier's next page."""

    def __init__(self) -> None:
        self._passing: deque[Request] = deque()
        self._shop: Any = None

    def open(self, spider: Any) -> None:
        """Called by Scrapy with the ``ShopSpider``."""
        self._shop = spider

    def has_pending_requests(self) -> bool:
        """Whether the crawl is not over."""
        return bool(self._passing) or self._shop.frontier.has_more

    def enqueue_request(self, request: Request) -> bool:
        """Take a request that a page has led to."""
        self._passing.append(request)
        return True

    def next_request(self) -> Request | None:
        """What to ask for now."""
        if self._passing:
            return self._passing.popleft()
        try:
            place = self._shop.frontier.next()
            return None if place is None else self._shop.request(*place)
        except Exception as error:  # Scrapy would log it, and the page were lost
            self._shop.give_up(error)
            raise
