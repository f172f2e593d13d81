"""How long each host is left alone: Crawl-delay, Retry-After, and what its latency says."""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic

from scrapy.core.downloader import Slot
from scrapy.exceptions import IgnoreRequest
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

MAX_CRAWL_DELAY = 30.0
MAX_WAIT = 300.0
"""Seconds that we wait for one host in a run because of its Retry-After."""
WAIT_UNASKED = 1.0
"""Seconds after a 429 that does not say how long."""
UNNOTICED = 0.01
"""A delay in seconds below which the limit on concurrent requests is polite enough."""
BUSY = frozenset({429, 503})
SOUND = frozenset({200, 304})


class HostClosed(IgnoreRequest):
    """The host wants to be left alone for longer than we wait."""


class Politeness:
    """What the hosts have asked for."""

    def __init__(self) -> None:
        self.delays: dict[str, float] = {}
        """Seconds between two requests to a host, by its robots.txt."""
        self._next: dict[str, float] = {}
        self._until: dict[str, float] = {}
        self._waited: dict[str, float] = {}
        self._closed: dict[str, str] = {}

    async def turn(self, host: str) -> None:
        """Return when ``host`` may be asked; raises ``HostClosed``."""
        while True:
            if host in self._closed:
                raise HostClosed(self._closed[host])
            seconds = self._until.get(host, 0.0) - monotonic()
            if seconds <= 0:
                break
            await asyncio.sleep(seconds)
        if delay := self.delays.get(host):
            at = max(self._next.get(host, 0.0), monotonic())
            self._next[host] = at + delay
            await asyncio.sleep(at - monotonic())

    def heed(self, host: str, status: int, retry_after: bytes | None) -> None:
        """Take note of what an answer of ``host`` says about the next request."""
        if status not in BUSY:
            return
        seconds = _seconds(retry_after)
        if seconds is None:
            seconds = WAIT_UNASKED if status == 429 else 0.0
        now = monotonic()
        more = now + seconds - max(now, self._until.get(host, 0.0))
        if more <= 0:
            return
        self._waited[host] = self._waited.get(host, 0.0) + more
        self._until[host] = now + seconds
        if self._waited[host] > MAX_WAIT:
            self._closed[host] = (
                f"{host} answers {status} and asks us to wait {seconds:.0f} s; we wait no longer "
                f"than {MAX_WAIT:.0f} s in a run"
            )


def _seconds(retry_after: bytes | None) -> float | None:
    """The header as seconds from now, None where it says nothing readable."""
    text = (retry_after or b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


class Throttle(AutoThrottle):
    """AutoThrottle that leaves a fast host undelayed, and counts 304 as the answer that it is."""

    def _adjust_delay(self, slot: Slot, latency: float, response: Response) -> None:
        target = latency / self.target_concurrency
        delay = min(max(target, (slot.delay + target) / 2), self.maxdelay)
        if response.status in SOUND or delay > slot.delay:  # error pages come fast
            slot.delay = 0.0 if delay < UNNOTICED else delay
