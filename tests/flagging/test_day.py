"""What a day's flags, sample and counts hold, from literal rows."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterfeit_ml.flagging.day import Earlier, evaluate
from counterfeit_ml.warehouse import SELLERS
from tests.flagging.judging import BRANDS, ORIGIN, row

RULES = f"rules: {ORIGIN}"
IN_DOUBT = (
    "  - {id: doubtful, verdict: review, "
    "when: {logo_confidence: {above: 0.5}, price_ratio: {below: 2}}}"
)


def test_a_sure_logo_below_the_floor_is_a_flag_with_its_reasons(judge):
    listing = row(seller_name="Ann", price_high=60.0, image_phash="0" * 16, category="Bags, bag")
    assert judge.flags(RULES, listing, row(listing_id="2", price_usd=100.0)) == [
        {
            "marketplace": "shop",
            "listing_id": "1",
            "verdict": "counterfeit",
            "rule_id": "origin",
            "reasons": [
                "logo confidence 0.9500 > 0.8900",
                "price 50.00 USD < 100 % of the price floor 100.00 USD",
            ],
            "brand": "gucci",
            "confidence": pytest.approx(0.95, abs=1e-6),
            "runners_up": [
                {"brand": "nike", "probability": 0.03},
                {"brand": "no_logo", "probability": 0.015},
                {"brand": "versace", "probability": 0.005},
            ],
            "category": "bag",
            "price": 40.0,
            "price_high": 60.0,
            "currency": "EUR",
            "price_usd": 50.0,
            "price_floor_usd": 100.0,
            "floor_source": "absolute",
            "price_ratio": 0.5,
            "price_retail_ratio": 0.05,
            "seller_id": "s",
            "seller_name": "Ann",
            "seller_listings": 2,
            "condition": "new",
            "title": "leather thing",
            "url": "http://shop/1",
            "image_sha256": "a" * 64,
            "image_phash": "0" * 16,
            "picture_group": "a" * 64,
            "other_sellers": 0,
            "risk": pytest.approx(0.475, abs=1e-6),
            "model_version": "7",
            "rules_version": "v1",
        }
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.89},
        {"confidence": 0.5},
        {"price_usd": 100.0},
        {"price_usd": 1e9},
        {"brand": "no_logo", "confidence": 0.99},
        {"brand": "a brand we do not watch"},
        {"brand": None, "confidence": None, "probabilities": None, "error": "not a picture"},
    ],
)
def test_at_the_bounds_or_without_a_brand_there_is_no_flag(judge, change):
    assert judge.flags(RULES, row(**change)) == []


def test_the_first_rule_that_matches_decides(judge):
    rows = (
        row(),
        row(listing_id="2", confidence=0.6),
        row(listing_id="3", price_usd=150.0),
        row(listing_id="4", price_usd=250.0),
    )
    found = judge.flags(RULES + IN_DOUBT, *rows)
    assert [(one["listing_id"], one["rule_id"], one["verdict"]) for one in found] == [
        ("1", "origin", "counterfeit"),
        ("2", "doubtful", "review"),
        ("3", "doubtful", "review"),
    ]


def test_allowed_sellers_come_before_every_rule(judge):
    text = f"allowed_sellers: [shop/s]\n{RULES}"
    rows = (row(), row(listing_id="2", marketplace="mall"), row(listing_id="3", seller_id=None))
    flags = judge.flags(text, *rows)
    assert [(one["marketplace"], one["listing_id"]) for one in flags] == [
        ("mall", "2"),
        ("shop", "3"),
    ]


def test_what_cannot_be_compared_is_for_review_by_the_rule_that_says_so(judge):
    text = (
        "rules: [{id: unknown, verdict: review, "
        "when: {logo_confidence: {above: 0.89}, price_ratio: {known: false}}}]"
    )
    rows = (row(brand="nike"), row(listing_id="2"), row(listing_id="3", brand="no_logo"))
    (flag,) = judge.flags(text, *rows)
    assert flag["listing_id"] == "1"
    assert flag["price_floor_usd"] is None
    assert flag["floor_source"] is None
    assert flag["price_ratio"] is None
    assert flag["risk"] == pytest.approx(0.475, abs=1e-6)
    assert flag["reasons"] == [
        "logo confidence 0.9500 > 0.8900",
        "no price floor: 0 listings are too few to learn one from",
    ]


def test_a_category_with_a_floor_of_its_own_goes_by_that(judge):
    rows = (
        row(price_usd=120.0, category="Sneakers"),
        row(listing_id="2", price_usd=120.0, category="Bag"),
        row(listing_id="3", price_usd=150.0, category="Shoes"),
    )
    (flag,) = judge.flags(RULES, *rows)
    assert (flag["listing_id"], flag["category"]) == ("1", "shoes")
    assert (flag["price_floor_usd"], flag["floor_source"]) == (150.0, "retail_share")
    assert flag["price_retail_ratio"] == pytest.approx(0.24)
    assert flag["reasons"][1] == (
        "price 120.00 USD < 100 % of the price floor 150.00 USD for shoes (30 % of retail)"
    )


HOSTILE = [
    "'; DROP TABLE flagged_listings; -- <script>alert(1)</script> {0} $p0 %s",
    '\u202egnp.exe 🙂 "quoted" \\ back',
    "x" * 10_000,
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_and_sellers_pass_through_whole(judge, text):
    listing = row(title=text, seller_id=text, seller_name=text, marketplace=text, category=text)
    asking = (
        "  - {id: words, verdict: review, when: {title: {has_any: ['(?i)', '[a-z', '$']}, "
        "obfuscated_brand: true, category: {is: bag}}}"
    )
    (flag,) = judge.flags(RULES + asking, listing)
    assert (flag["title"], flag["seller_id"], flag["seller_name"]) == (text, text, text)


def test_a_file_from_before_there_were_these_columns_is_read(judge, tmp_path):
    judge.day(RULES, [row()])
    path = tmp_path / "scored.parquet"
    old = pq.read_table(path).drop_columns(["seller_name", "price_high", "image_phash"])
    pq.write_table(old, path)

    day = evaluate([path], "2026-01-01", judge.rules(RULES), Earlier(), tmp_path, "run")
    (flag,) = day.flags.to_pylist()
    assert (flag["seller_name"], flag["price_high"]) == (None, None)
    assert flag["picture_group"] == "a" * 64


def test_a_day_without_listings_has_no_flags(judge):
    day = judge.day(RULES, [])
    assert [table.num_rows for table in day[:-1]] == [0, 0, 0, 0, 0]


def test_every_marketplace_is_counted_and_its_floors_are_told(judge):
    day = judge.day(RULES, [row(), row(marketplace="mall", price_usd=500.0)])
    assert [
        (one["marketplace"], one["scored"], one["flagged"]) for one in day.days.to_pylist()
    ] == [
        ("mall", 1, 0),
        ("shop", 1, 1),
    ]
    floors = [tuple(one.values())[:5] for one in day.floors.to_pylist()]
    assert floors[:4] == [
        ("mall", "gucci", None, 100.0, "absolute"),
        ("mall", "gucci", "shoes", 150.0, "retail_share"),
        ("mall", "louis_vuitton", None, 200.0, "absolute"),
        ("mall", "nike", None, None, "learnt"),
    ]
    assert day.sellers.to_pylist() == [
        {"marketplace": "mall", "seller_id": "s"},
        {"marketplace": "shop", "seller_id": "s"},
    ]


def test_sellers_that_the_warehouse_knows_are_not_told_again(judge):
    rows = [row(), row(marketplace="mall"), row(listing_id="b", seller_id="s2")]
    known = pa.Table.from_pylist([{"marketplace": "shop", "seller_id": "s"}], SELLERS)
    day = judge.day(RULES, [*rows, row(listing_id="c", seller_id=None)], known_sellers=known)
    assert [tuple(one.values()) for one in day.sellers.to_pylist()] == [
        ("mall", "s"),
        ("shop", "s2"),
    ]


def test_the_sample_is_random_over_all_that_is_scored_and_the_same_each_time(judge):
    rows = [row(listing_id=str(number), price_usd=10.0 * number) for number in range(200)]
    unread = [row(listing_id="x", brand=None, confidence=None, probabilities=None)]
    samples = [judge.day(RULES, order).sample for order in (rows + unread, rows[::-1] + unread)]
    assert samples[0].equals(samples[1])
    listings = samples[0]["listing_id"].to_pylist()
    assert len(set(listings)) == 50
    assert "x" not in listings
    assert 10 < sum(int(one) >= 100 for one in listings) < 40


def test_the_same_rows_in_another_order_give_the_same_day(judge):
    rows = [
        row(
            listing_id=str(number),
            seller_id=f"s{number % 7}",
            image_sha256=f"{number % 20:064d}",
            image_phash=f"{number % 20:016x}",
        )
        for number in range(100)
    ]
    one, other = judge.day(RULES, rows, BRANDS), judge.day(RULES, rows[::-1], BRANDS)
    assert one == other
