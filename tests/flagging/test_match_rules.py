import json
from typing import Any

import pyarrow as pa
import pytest

from counterfeit_ml.brands import Brand, BrandCatalogue
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.flagging import match_rules
from counterfeit_ml.flagging.rules import Rule, RuleBook

CATALOGUE = BrandCatalogue(brands={"gucci": Brand(name="Gucci", price_floor_usd=100)})
LISTING: dict[str, Any] = {
    "marketplace": "shop",
    "listing_id": "1",
    "url": "http://shop/1",
    "title": "bag",
    "category": None,
    "price": 40.0,
    "currency": "EUR",
    "price_usd": 50.0,
    "seller_id": "s",
    "condition": "new",
    "image_sha256": "ab",
    "brand": "gucci",
    "confidence": 0.95,
    "probabilities": [("gucci", 0.95)],
    "error": None,
    "model_version": "7",
}


def rule(id_: str, verdict: str, confidence: float, ratio: float) -> Rule:
    return Rule(id=id_, verdict=verdict, logo_confidence_above=confidence, price_ratio_below=ratio)


ORIGIN = rule("origin", "counterfeit", 0.89, 1.0)
DOUBTFUL = rule("doubtful", "review", 0.5, 2.0)


def flags(*changes: dict[str, Any], rules: tuple[Rule, ...] = (ORIGIN,)) -> list[dict[str, Any]]:
    rows = [
        {**LISTING, "listing_id": str(number), **change}
        for number, change in enumerate(changes, start=1)
    ]
    scored = pa.Table.from_pylist(rows, SCORED_LISTINGS.schema)
    return match_rules(scored, RuleBook(rules=rules), CATALOGUE, "v1").to_pylist()


def test_a_sure_logo_below_the_floor_is_a_flag_with_its_reasons():
    (flag,) = flags({})
    reasons = json.loads(flag.pop("reasons"))
    assert flag == {
        "marketplace": "shop",
        "listing_id": "1",
        "verdict": "counterfeit",
        "rule_id": "origin",
        "brand": "gucci",
        "confidence": pytest.approx(0.95, abs=1e-6),
        "price": 40.0,
        "currency": "EUR",
        "price_usd": 50.0,
        "price_floor_usd": 100.0,
        "price_ratio": 0.5,
        "seller_id": "s",
        "condition": "new",
        "title": "bag",
        "url": "http://shop/1",
        "image_sha256": "ab",
        "model_version": "7",
        "rules_version": "v1",
    }
    assert reasons == [
        "logo confidence 0.9500 > 0.8900",
        "price 50.00 USD < 100 % of the price floor 100.00 USD",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.89},
        {"confidence": 0.5},
        {"price_usd": 100.0},
        {"price_usd": 5000.0},
        {"brand": "no_logo", "confidence": 0.99},
        {"brand": "a brand we do not watch"},
        {"brand": None, "confidence": None, "probabilities": None, "error": "not a picture"},
    ],
)
def test_at_the_bounds_or_without_a_brand_there_is_no_flag(change):
    assert flags(change) == []


def test_just_past_the_bounds_there_is_one():
    assert len(flags({"confidence": 0.8901, "price_usd": 99.99})) == 1


def test_the_first_rule_that_matches_decides():
    found = flags({}, {"confidence": 0.6}, {"price_usd": 150.0}, rules=(ORIGIN, DOUBTFUL))
    assert [(one["listing_id"], one["rule_id"], one["verdict"]) for one in found] == [
        ("1", "origin", "counterfeit"),
        ("2", "doubtful", "review"),
        ("3", "doubtful", "review"),
    ]
    (one,) = flags({}, rules=(DOUBTFUL, ORIGIN))
    assert one["rule_id"] == "doubtful"


def test_hostile_titles_pass_through_whole():
    title = "'; DROP TABLE flagged_listings; -- <script>alert(1)</script> \u202e🙂"
    (flag,) = flags({"title": title})
    assert flag["title"] == title


def test_a_day_without_listings_has_no_flags():
    assert flags() == []
