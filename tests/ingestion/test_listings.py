from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfeit_ml.ingestion.listings import condition, listing_fields, timestamp
from counterfeit_ml.ingestion.reasons import Refused

DAY = date(2014, 3, 30)
RECORD = {
    "listing_id": "L1",
    "url": "https://shop.example/item/L1",
    "title": "Gucci <b>belt</b>",
    "price": "1.234,60 € - 1.300 €",
    "currency": "EUR",
    "seller_id": 17,
    "condition": "https://schema.org/UsedCondition",
    "image": "images/a.jpg",
    "scraped_at": "2014-03-30T01:30:00+02:00",
}


def test_makes_a_row():
    assert listing_fields(RECORD, DAY) == {
        "listing_id": "L1",
        "url": "https://shop.example/item/L1",
        "title": "Gucci belt",
        "description": None,
        "brand_claimed": None,
        "category": None,
        "price_text": "1.234,60 € - 1.300 €",
        "price": 1234.6,
        "price_high": 1300.0,
        "currency": "EUR",
        "price_usd": 1698.6861,  # at 1.3759, the ECB's rate of Friday 28 March
        "rate_date": date(2014, 3, 28),
        "seller_id": "17",
        "seller_name": None,
        "condition": "used",
        "image_url": "images/a.jpg",
        "image_urls": [],
        "scraped_at": datetime(2014, 3, 29, 23, 30, tzinfo=UTC),
    }


def test_prefers_the_address_of_the_picture():
    url = "https://cdn.shop.example/a.jpg"
    row = listing_fields({**RECORD, "image_url": url}, DAY)
    assert (row["image_url"], row["image_urls"]) == (url, [url])


@pytest.mark.parametrize("several", [None, "x", 7, {"a": 1}, [None, 5, "x", "file:///a", []]])
def test_keeps_of_all_pictures_those_with_an_address(several):
    url = "https://cdn.shop.example/a.jpg"
    more = [*several, "https://b.example/2.jpg", url] if isinstance(several, list) else several
    row = listing_fields({**RECORD, "image_url": url, "image_urls": more}, DAY)
    expected = [url, "https://b.example/2.jpg"] if isinstance(several, list) else [url]
    assert row["image_urls"] == expected


@pytest.mark.parametrize(("locale", "price"), [(None, 1234.0), ("de_DE", 1234.0), ("en_US", 1.234)])
def test_the_locale_decides_what_a_point_is(locale, price):
    record = {**RECORD, "price": "1.234 €"}
    assert listing_fields(record, DAY, locale)["price"] == price


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"listing_id": None}, "missing_listing_id"),
        ({"listing_id": ["L1"]}, "missing_listing_id"),
        ({"title": None}, "missing_title"),
        ({"title": "<br> "}, "missing_title"),
        ({"price": None}, "missing_price"),
        ({"price": "Contact seller"}, "unparseable_price"),
        ({"price": "1.000.000.000 €"}, "absurd_price"),
        ({"price": "125", "currency": "QTL"}, "unknown_currency"),
        ({"price": "125", "currency": "LVL"}, "unknown_currency"),
        ({"url": None}, "bad_url"),
        ({"url": "javascript:alert(1)"}, "bad_url"),
        ({"image_url": "file:///etc/passwd"}, "bad_url"),
        ({"scraped_at": None}, "bad_timestamp"),
        ({"title": "", "price": "-1 €", "scraped_at": "x"}, "missing_title"),
    ],
)
def test_refuses_with_the_first_reason(change, reason):
    with pytest.raises(Refused) as refusal:
        listing_fields({**RECORD, **change}, DAY)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-21T20:35:00Z", datetime(2026, 11, 21, 20, 35, tzinfo=UTC)),
        ("2026-11-21T20:35:00.999+05:30", datetime(2026, 11, 21, 15, 5, tzinfo=UTC)),
    ],
)
def test_brings_times_to_utc(written, expected):
    assert timestamp(written) == expected


@pytest.mark.parametrize(
    "written",
    ["yesterday", "2026-11-21T20:35:00", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 0],
)
def test_refuses_other_times(written):
    with pytest.raises(Refused) as refusal:
        timestamp(written)
    assert refusal.value.reason == "bad_timestamp"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("new", "new"),
        ("NewCondition", "new"),
        ("http://schema.org/NewCondition/", "new"),
        ("Used", "used"),
        ("https://schema.org/RefurbishedCondition", "used"),
        ("mint", None),
        (None, None),
    ],
)
def test_knows_new_from_used(written, expected):
    assert condition(written) == expected


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@given(st.dictionaries(st.sampled_from([*RECORD, "image_url", "brand", "category"]), values))
def test_no_record_raises_anything_but_a_refusal(change):
    try:
        row = listing_fields({**RECORD, **change}, DAY)
    except Refused:
        return
    assert row["price_usd"] > 0
    assert row["url"].startswith("http")
