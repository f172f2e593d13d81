import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import pytest

from counterfeit_ml.ingestion.spider.politeness import HostClosed, Politeness


def seconds_until_turn(politeness: Politeness, host: str = "shop.example") -> float:
    before = monotonic()
    asyncio.run(politeness.turn(host))
    return monotonic() - before


@pytest.mark.parametrize(
    ("status", "retry_after", "waits"),
    [
        (429, b"0.1", True),  # unreadable: as if it said nothing
        (429, None, True),
        (503, b"1", True),
        (503, None, False),
        (503, b"soon", False),
        (503, b"-5", False),
        (503, b"\xff", False),
        (503, b"Wed, 21 Oct 2015 07:28:00 GMT", False),
        (200, b"100", False),
    ],
)
def test_waits_where_it_is_asked_to(status, retry_after, waits):
    politeness = Politeness()
    politeness.heed("shop.example", status, retry_after)
    assert (seconds_until_turn(politeness) > 0.9) == waits
    assert seconds_until_turn(politeness, "other.example") < 0.5


@pytest.mark.parametrize(
    "retry_after",
    [b"301", b"9" * 400, format_datetime(datetime.now(UTC) + timedelta(days=1)).encode()],
    ids=["too long", "no time at all", "tomorrow"],
)
def test_does_not_wait_for_ever(retry_after):
    politeness = Politeness()
    politeness.heed("shop.example", 503, retry_after)
    with pytest.raises(HostClosed, match="asks us to wait"):
        asyncio.run(politeness.turn("shop.example"))


def test_many_short_waits_are_one_long_one():
    politeness = Politeness()
    for seconds in range(0, 400, 50):
        politeness.heed("shop.example", 429, str(seconds).encode())
    with pytest.raises(HostClosed):
        asyncio.run(politeness.turn("shop.example"))


def test_answers_that_came_together_ask_for_one_wait():
    politeness = Politeness()
    for _ in range(500):
        politeness.heed("shop.example", 429, b"1")
    assert 0.5 < seconds_until_turn(politeness) < 5
