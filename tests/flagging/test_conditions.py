"""Each condition with literal rows: one it lets through, with the reason, and one not."""

import pyarrow as pa
import pytest

from counterfeit_ml.flagging.day import FLAGGED, HISTORY
from tests.flagging.judging import row

NIKE = {"brand": "nike"}
NO_LOGO = {"brand": "no_logo", "confidence": 0.99}
UNREADABLE = {"brand": None, "confidence": None, "probabilities": None, "error": "no picture"}


@pytest.mark.parametrize(
    ("when", "matching", "other", "reason"),
    [
        (
            "logo_confidence: {above: 0.89}",
            {"confidence": 0.8901},
            {"confidence": 0.89},
            "logo confidence 0.8901 > 0.8900",
        ),
        (
            "logo_confidence: {at_most: 0.5}",
            {"confidence": 0.5},
            NO_LOGO,
            "logo confidence 0.5000 <= 0.5000",
        ),
        (
            "logo_confidence: {known: false}",
            NO_LOGO,
            {},
            "the picture shows none of the brands",
        ),
        (
            "price_usd: {below: 50}",
            {"price_usd": 49.99},
            {"price_usd": 50.0},
            "price 49.99 USD < 50.00 USD",
        ),
        (
            "price_usd: {at_least: 1000000000}",
            {"price_usd": 1e9},
            {"price_usd": float("inf")},
            "price 1000000000.00 USD >= 1000000000.00 USD",
        ),
        (
            "price_ratio: {below: 1.0}",
            {"price_usd": 99.99},
            {"price_usd": 100.0},
            "price 99.99 USD < 100 % of the price floor 100.00 USD",
        ),
        (
            "price_ratio: {below: 0.125}",
            {"price_usd": 0.0},
            {"price_usd": 12.5},
            "price 0.00 USD < 12.5 % of the price floor 100.00 USD",
        ),
        (
            "price_ratio: {known: false}",
            NO_LOGO,
            {},
            "no price floor for what the picture shows",
        ),
        (
            "price_ratio: {known: false}",
            {"price_usd": float("nan")},
            {},
            "the price is no amount that can be compared",
        ),
        (
            "price_retail_ratio: {below: 0.3}",
            {"price_usd": 299.0},
            NIKE,
            "price 299.00 USD < 30 % of the retail price 1000.00 USD",
        ),
        ("brand: {in: [gucci, nike]}", {}, NO_LOGO, "brand gucci is one of gucci, nike"),
        ("brand: {is: nike}", NIKE, {}, "brand nike"),
        ("brand: {not_in: [nike]}", {}, NIKE, "brand gucci is none of nike"),
        ("brand: {not_in: [nike]}", {}, UNREADABLE, "brand gucci is none of nike"),
        ("brand: {known: false}", UNREADABLE, {}, "the picture could not be scored"),
        (
            "category: {is: shoes}",
            {"category": "Women's Shoes"},
            {"category": "snowshoeshop", "title": "a bag"},
            "category shoes",
        ),
        ("category: {is: bag}", {"title": "Tasche / BAG!"}, {}, "category bag"),
        (
            "category: {is: shoes}",
            {"category": "shoes", "title": "with dust bag"},
            {"category": "bag", "title": "matches your shoes"},
            "category shoes",
        ),
        ("condition: {is: new}", {}, {"condition": None}, "condition new"),
        (
            "condition: {known: false}",
            {"condition": None},
            {},
            "the condition is not stated",
        ),
        (
            "marketplace: {not_in: [mall]}",
            {},
            {"marketplace": "mall"},
            "marketplace shop is none of mall",
        ),
        (
            "title: {has_any: [replica, '1:1']}",
            {"title": "AAA Réplica, 1:1"},
            {"title": "replicas 11:1 of the replicator"},
            "the title has replica, 1:1",
        ),
        (
            "title: {has_any: [mirror quality]}",
            {"title": "mirror \t quality"},
            {"title": "quality mirror"},
            "the title has mirror quality",
        ),
        (
            "title: {has_any: [コピー]}",
            {"title": "グッチコピー品"},
            {"title": "グッチ"},
            "the title has コピー",
        ),
        (
            "title: {has_none: [box, dust bag]}",
            {},
            {"title": "a Dust Bag"},
            "the title has none of box, dust bag",
        ),
        (
            "obfuscated_brand: true",
            {"title": "New gucc1 bag"},
            {"title": "New Gucci bag, GUCCI, Gùcci, Ｇｕｃｃｉ"},
            "the title spells a brand with look-alikes: gucc1",
        ),
        (
            "obfuscated_brand: false, brand: {is: nike}",
            {"brand": "nike"},
            {"brand": "nike", "title": "N1ke"},
            "the title spells no brand with look-alikes",
        ),
    ],
)
def test_a_condition_lets_through_what_it_says(judge, when, matching, other, reason):
    rows = (row(**matching), row(**other, listing_id="2"))
    (reasons,) = judge.reasons(when, *rows)
    assert reason in reasons


def test_two_bounds_are_two_reasons(judge):
    (reasons,) = judge.reasons("logo_confidence: {above: 0.9, at_most: 0.97}", row())
    assert reasons == ["logo confidence 0.9500 > 0.9000", "logo confidence 0.9500 <= 0.9700"]


def test_the_names_of_a_long_list_are_counted(judge):
    (reasons,) = judge.reasons("marketplace: {in: [shop, a, b, c, d, e, f]}", row())
    assert reasons == ["marketplace shop is one of shop, a, b, c, d and 2 more"]


def test_a_seller_list_holds_for_its_marketplace_alone(judge):
    text = """
seller_lists: {known_bad: ["shop/s", "shop/'; DROP TABLE flags; --", "mall/x/y"]}
rules: [{id: one, verdict: review, when: {seller: {listed_in: known_bad}}}]
"""
    rows = (
        row(),
        row(listing_id="2", marketplace="mall"),
        row(listing_id="3", seller_id="'; DROP TABLE flags; --"),
        row(listing_id="4", marketplace="mall", seller_id="x/y"),
        row(listing_id="5", seller_id=None),
    )
    assert [(flag["listing_id"], flag["reasons"]) for flag in judge.flags(text, *rows)] == [
        ("4", ["seller mall/x/y is on the list known_bad"]),
        ("1", ["seller shop/s is on the list known_bad"]),
        ("3", ["seller shop/'; DROP TABLE flags; -- is on the list known_bad"]),
    ]


def test_other_sellers_offer_the_same_or_nearly_the_same_picture(judge):
    rows = (
        row(listing_id="1", seller_id="a", image_sha256="a" * 64, image_phash="00000000000000ff"),
        row(listing_id="2", seller_id="b", image_sha256="b" * 64, image_phash="00000000000000f8"),
        row(listing_id="3", seller_id="c", image_sha256="b" * 64, image_phash="00000000000000f8"),
        row(listing_id="4", seller_id="d", image_sha256="c" * 64, image_phash="ffffffff000000ff"),
        row(listing_id="5", seller_id="a", image_sha256="a" * 64, image_phash="00000000000000ff"),
        row(listing_id="6", seller_id=None, image_sha256="a" * 64, image_phash="00000000000000ff"),
        row(listing_id="7", seller_id="z", image_sha256="d" * 64, image_phash=None),
        row(listing_id="8", seller_id="y", image_sha256="d" * 64, image_phash=None),
    )
    text = "rules: [{id: one, verdict: review, when: {other_sellers: {at_least: 1}}}]"
    flags = judge.flags(text, *rows)
    assert [
        (one["listing_id"], one["other_sellers"], one["picture_group"][0]) for one in flags
    ] == [
        ("1", 2, "a"),
        ("2", 2, "a"),
        ("3", 2, "a"),
        ("5", 2, "a"),
        ("6", 3, "a"),
        ("7", 1, "d"),
        ("8", 1, "d"),
    ]
    assert flags[0]["reasons"] == ["other sellers with the same or nearly the same picture: 2 >= 1"]
    # The same figures stand in a flag of a rule that does not ask for them.
    (flag,) = judge.flags(
        "rules: [{id: a, verdict: review, when: {title: {has_any: [x]}}}]",
        *rows[1:],
        row(title="x", seller_id="a", image_phash="00000000000000ff"),
    )
    assert (flag["other_sellers"], flag["picture_group"][0]) == (2, "a")


def test_a_repeat_offender_is_told_by_what_was_flagged_before(judge):
    history = pa.Table.from_pylist(
        [
            {"marketplace": "shop", "seller_id": "s", "flags_before": 5, "confirmed_before": 2},
            {"marketplace": "mall", "seller_id": "t", "flags_before": 9, "confirmed_before": 9},
        ],
        HISTORY,
    )
    rows = (row(), row(listing_id="2", seller_id="t"), row(listing_id="3", seller_id=None))
    for when, reason in (
        ("seller_flags_before: {above: 4}", "listings of the seller flagged before: 5 > 4"),
        (
            "seller_confirmed_before: {at_least: 2}",
            "listings of the seller confirmed as counterfeit before: 2 >= 2",
        ),
    ):
        (reasons,) = judge.reasons(when, *rows, seller_history=history)
        assert reasons == [reason]


def test_a_flagged_picture_listed_again_is_found_even_resized(judge):
    flagged = pa.Table.from_pylist(
        [
            {
                "marketplace": "shop",
                "listing_id": "old",
                "image_sha256": "e" * 64,
                "image_phash": "00000000000000ff",
            },
            {
                "marketplace": "shop",
                "listing_id": "5",
                "image_sha256": "f" * 64,
                "image_phash": None,
            },
        ],
        FLAGGED,
    )
    rows = (
        row(listing_id="1", image_sha256="e" * 64, image_phash="00000000000000ff"),
        row(listing_id="2", image_sha256="1" * 64, image_phash="00000000000000fe"),
        row(listing_id="3", image_sha256="2" * 64, image_phash="000000000000000f"),
        row(listing_id="old", image_sha256="e" * 64, image_phash="00000000000000ff"),
        row(listing_id="5", image_sha256="f" * 64, image_phash="ffff00000000ffff"),
        row(listing_id="6", image_sha256="f" * 64, image_phash="ffff00000000ffff"),
    )
    text = "rules: [{id: one, verdict: review, when: {relisted: true}}]"
    flags = judge.flags(text, *rows, flagged_pictures=flagged)
    assert {one["listing_id"]: one["reasons"] for one in flags} == {
        "1": ["the picture was flagged before, in listing shop/old"],
        "2": ["the picture was flagged before, in listing shop/old"],
        "6": ["the picture was flagged before, in listing shop/5"],
    }
