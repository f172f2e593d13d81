"""The views that analysts start from, where docs/queries.md does not show it."""

from datetime import date

from counterfeit_ml.warehouse import Notices
from tests.flags_made import flag, flagged_day

FIRST, SECOND, LATER = date(2026, 3, 1), date(2026, 3, 2), date(2026, 4, 2)


def test_a_latest_day_without_flags_has_none(warehouse):
    warehouse.replace_day(FIRST, flagged_day(flag("a"), marketplaces=("shop", "bazaar")))
    warehouse.replace_day(SECOND, flagged_day(marketplaces=("shop",)))
    assert warehouse.query("SELECT FROM warehouse.current_flags") == []


def test_each_marketplace_has_its_own_latest_day(warehouse):
    both = (flag("a"), flag("b", marketplace="bazaar"))
    warehouse.replace_day(FIRST, flagged_day(*both, marketplaces=("shop", "bazaar")))
    warehouse.replace_day(SECOND, flagged_day(flag("a")))
    current = warehouse.query("SELECT listing_id, ds FROM warehouse.current_flags ORDER BY 1")
    assert [tuple(one.values()) for one in current] == [("a", SECOND), ("b", FIRST)]


def test_a_seller_is_new_for_thirty_days(warehouse):
    def is_new() -> bool:
        (row,) = warehouse.query("SELECT new_account FROM warehouse.seller_risk")
        return bool(row["new_account"])

    warehouse.replace_day(SECOND, flagged_day(flag("a")))
    assert is_new()
    warehouse.replace_day(LATER, flagged_day(flag("a")))
    assert not is_new()
    warehouse.replace_day(FIRST, flagged_day(flag("a")))
    (seller,) = warehouse.query("SELECT first_seen_ds FROM warehouse.sellers")
    assert seller["first_seen_ds"] == FIRST


def test_a_seller_confirmed_on_an_earlier_day_stays_confirmed(warehouse, review):
    warehouse.replace_day(FIRST, flagged_day(flag("a"), flag("b")))
    warehouse.replace_day(SECOND, flagged_day(flag("b", risk=0.25)))
    review("a", "confirmed", ds=FIRST)
    (seller,) = warehouse.query("SELECT * FROM warehouse.seller_risk")
    assert (seller["confirmed"], seller["flagged_listings"], seller["risk"]) == (1, 1, 0.25)


def test_the_last_review_counts(warehouse, review):
    warehouse.replace_day(SECOND, flagged_day(flag("a")))
    review("a", "confirmed", reviewed_at="2026-03-02 20:00+00")
    review("a", "dismissed", reviewed_at="2026-03-02 21:00+00", reviewed_by="bob")
    (flagged,) = warehouse.query("SELECT decision, reviewed_by FROM warehouse.current_flags")
    assert tuple(flagged.values()) == ("dismissed", "bob")
    assert warehouse.query("SELECT FROM warehouse.confirmed_flags") == []
    (rule,) = warehouse.query("SELECT * FROM warehouse.rule_precision")
    assert tuple(rule.values()) == ("origin", 1, 1, 0, 0.0)


def test_a_confirmed_flag_is_that_of_the_day_looked_at_or_else_the_latest(warehouse, review):
    days = {FIRST: 0.1, SECOND: 0.2, LATER: 0.3}
    for day, risk in days.items():
        warehouse.replace_day(day, flagged_day(flag("a", risk=risk)))
    review("a", "confirmed")
    confirmed = "SELECT ds, risk FROM warehouse.confirmed_flags"
    assert warehouse.query(confirmed) == [{"ds": SECOND, "risk": 0.2}]
    warehouse.replace_day(SECOND, flagged_day())
    assert warehouse.query(confirmed) == [{"ds": LATER, "risk": 0.3}]


def test_a_notice_has_its_last_status(warehouse, own_warehouse, review):
    warehouse.replace_day(SECOND, flagged_day(flag("a"), flag("b")))
    review("a", "confirmed")
    notices = Notices(own_warehouse.settings)
    assert notices.open("shop", "s1", "ann", "by mail") == {"notice_id": 1, "listings": 1}
    assert notices.set_status(1, "removed", "bob", "case 7")
    (notice,) = notices.all()
    assert (notice["status"], notice["note"], notice["changed_by"]) == ("removed", "case 7", "bob")
    assert (notice["created_by"], notice["listings"]) == ("ann", 1)
