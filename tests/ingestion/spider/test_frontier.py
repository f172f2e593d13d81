from datetime import date, timedelta

import pytest

from counterfeit_ml.ingestion.memory import KnownPage, Memory
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider import frontier as module
from counterfeit_ml.ingestion.spider.frontier import Frontier

DAY = date(2026, 11, 21)


def known(url: str, days_ago: int = 1, record: bool = True, done: bool = False) -> KnownPage:
    asked = DAY - timedelta(days=days_ago)
    kept = {"title": "Bag"} if record else None
    return KnownPage(url, url, None, None, asked, (), kept, None, None, done)


@pytest.fixture
def memory(tmp_path):
    memory = Memory.create(tmp_path / "memory.db")
    yield memory
    memory.close()


def frontier(memory: Memory, max_pages: int = 1000, **keys: object) -> Frontier:
    keys = {"listing_pages": "/item/"} | keys
    made = Frontier(Site(start_urls=("http://a.example/",), **keys), memory, DAY, max_pages)
    made.held = False
    return made


def order(frontier: Frontier) -> list[str]:
    taken = []
    while place := frontier.next():
        taken.append(place[0])
    return taken


def test_new_listings_come_first_and_every_fourth_page_is_another(memory):
    memory.remember_pages([known("/item/old", 3), known("/item/older", 5), known("/c9", 1, False)])
    queue = frontier(memory)
    for url in [
        "/c1",
        "/c2",
        "/c3",
        "/c9",
        "/item/old",
        "/item/older",
        *map("/item/{}".format, "ab"),
    ]:
        queue.add(url, 1)
    queue.add("/start", 0)
    assert order(queue) == [
        "/start", "/item/a", "/item/b", "/item/older", "/c1", "/item/old", "/c2", "/c3", "/c9",
    ]  # fmt: skip
    assert not queue.has_more
    assert queue.stopped is None


def test_without_a_pattern_a_page_that_had_a_record_is_a_known_listing(memory):
    memory.remember_pages([known("/x"), known("/y", record=False)])
    queue = frontier(memory, listing_pages=None)
    for url in ("/y", "/x", "/new"):
        queue.add(url, 1)
    assert order(queue) == ["/new", "/x", "/y"]


def test_takes_each_address_once(memory):
    queue = frontier(memory)
    queue.add("/item/a", 1)
    queue.add("/item/a", 2)
    assert order(queue) == ["/item/a"]
    queue.add("/item/a", 1)
    assert not queue.has_more


def test_waits_while_it_is_held(memory):
    queue = frontier(memory)
    queue.held = True
    queue.add("/item/a", 1)
    assert queue.next() is None
    assert queue.has_more


@pytest.mark.parametrize(
    ("days_ago", "changed", "done", "settled"),
    [
        (1, DAY - timedelta(days=2), False, True),
        (1, DAY - timedelta(days=1), False, False),
        (1, None, False, False),
        (7, DAY - timedelta(days=30), False, True),
        (8, DAY - timedelta(days=30), False, False),
        (0, None, True, True),
    ],
)
def test_settles_what_need_not_be_asked_for(memory, days_ago, changed, done, settled):
    memory.remember_pages([known("/item/a", days_ago, done=done)])
    queue = frontier(memory)
    queue.add("/item/a", 1, changed)
    assert (queue.next_settled() is not None) == settled
    assert (queue.next() is not None) != settled


def test_counts_what_the_budget_leaves(memory):
    queue = frontier(memory, max_pages=2)
    for number in range(5):
        queue.add(f"/item/{number}", 1)
    assert len(order(queue)) == 2
    assert (queue.left, queue.stopped, queue.has_more) == (3, "max_pages=2", False)
    queue.give_back()
    assert len(order(queue)) == 1


def test_a_budget_that_is_just_enough_stops_nothing(memory):
    queue = frontier(memory, max_pages=1)
    queue.add("/item/a", 1)
    assert order(queue) == ["/item/a"]
    assert queue.stopped is None


def test_the_first_reason_to_stop_is_told(memory):
    queue = frontier(memory)
    queue.add("/item/a", 1)
    queue.stop("max_bytes=1")
    queue.stop("another")
    assert order(queue) == []
    assert (queue.stopped, queue.left) == ("max_bytes=1", 1)


def test_the_first_page_that_lies_too_deep_is_told(memory):
    queue = frontier(memory, max_depth=2)
    for depth in range(1, 5):
        queue.add(f"/item/{depth}", depth)
    assert order(queue) == ["/item/1", "/item/2"]
    assert list(queue.too_deep) == ["/item/3"]
    assert queue.cut == 2


def test_a_queue_does_not_grow_without_end(memory, monkeypatch):
    monkeypatch.setattr(module, "MAX_QUEUED", 3)
    queue = frontier(memory)
    for number in range(10):
        queue.add(f"/item/{number}", 1)
    queue.add("/category", 1)
    assert queue.left == 11
    assert len(order(queue)) == 4
    assert queue.left == 7
