"""Notices, by the functions and by the commands."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from counterfeit_ml.errors import NoticeError
from counterfeit_ml.takedown import notices, open_notice, set_status
from tests.flags_made import flag, flagged_day

DAY = date(2026, 3, 2)
SELLER = "s1'; DROP TABLE notices; --"


@pytest.fixture
def settings(warehouse, own_warehouse, review):
    flags = [flag(one, seller_id=SELLER) for one in ("a", "b", "c", "d")]
    warehouse.replace_day(DAY, flagged_day(*flags, flag("other", seller_id="s2")))
    for one, decision in {"a": "confirmed", "b": "confirmed", "c": "dismissed"}.items():
        review(one, decision)
    review("other", "confirmed")
    return own_warehouse.settings


def named(warehouse, notice_id: int) -> list[str]:
    found = warehouse.query(
        "SELECT listing_id FROM warehouse.takedown_notice_listings WHERE notice_id = %s ORDER BY 1",
        notice_id,
    )
    return [one["listing_id"] for one in found]


def test_a_notice_names_the_confirmed_listings_of_its_seller(warehouse, settings):
    assert open_notice(settings, "shop", SELLER, "ann") == "Notice 1 is drafted, with 2 listing(s)."
    assert named(warehouse, 1) == ["a", "b"]


def test_the_next_notice_names_only_what_none_names_yet(warehouse, settings, review):
    open_notice(settings, "shop", SELLER, "ann")
    with pytest.raises(NoticeError, match="no confirmed listing"):
        open_notice(settings, "shop", SELLER, "ann")
    review("d", "confirmed")
    open_notice(settings, "shop", SELLER, "ann")
    assert named(warehouse, 2) == ["d"]


def test_what_was_rejected_may_be_named_again(warehouse, settings):
    open_notice(settings, "shop", SELLER, "ann")
    set_status(settings, 1, "rejected", "ann", "no proof")
    open_notice(settings, "shop", SELLER, "ann")
    assert named(warehouse, 2) == ["a", "b"]


def test_two_at_once_name_a_listing_once(settings):
    def try_it(_: int) -> str:
        try:
            return open_notice(settings, "shop", SELLER, "ann")
        except NoticeError as error:
            return str(error)

    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(try_it, range(4)))
    assert sum("is drafted" in one for one in said) == 1
    assert len(notices(settings)) == 1


def test_a_notice_that_is_not_there_is_one_sentence(settings):
    with pytest.raises(NoticeError, match="There is no notice 77"):
        set_status(settings, 77, "sent", "ann")


def test_the_commands(own_warehouse, settings):
    uri = {"COUNTERFEIT_WAREHOUSE_URI": settings.warehouse_uri.get_secret_value()}

    def notice(*arguments: str) -> str:
        done = own_warehouse.counterfeit("notice", *arguments, **uri)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Notice 1 is drafted" in notice("open", "shop", "s2", "--by", "ann")
    assert "Notice 1 is sent" in notice("set", "1", "sent", "--note", "case 7", "--by", "bob")
    listed = notice("list")
    assert all(word in listed for word in ("shop", "s2", "sent", "case 7", "bob"))
    done = own_warehouse.counterfeit("notice", "open", "shop", "nobody", **uri)
    assert done.returncode == 1
    assert "error Seller 'nobody' of 'shop' has no confirmed listing" in done.stderr
