# ruff: noqa: S311 - seeded streams are the point here
from random import Random

import pytest

from counterfeit_ml.brands import Brand
from counterfeit_ml.sample_marketplace.listings import (
    brand_plan,
    picture_plan,
    sellers,
    write_listing,
)

CHANEL = Brand(name="Chanel", price_floor_usd=200)


def test_forty_sellers():
    assert len(sellers()) == 40
    assert len(set(sellers().values())) == 40
    assert sellers()["s01"] == "Blue Closet"


def test_under_half_show_no_brand_and_the_brands_share_the_rest_evenly():
    plan = brand_plan(Random(1), 100, ["chanel", "gucci", "nike", "versace", "hermes"])
    assert {name: plan.count(name) for name in set(plan)} == {
        "no_logo": 45,
        **dict.fromkeys(["chanel", "gucci", "nike", "versace", "hermes"], 11),
    }


def test_a_shared_picture_shows_the_same_brand():
    plan = brand_plan(Random(1), 400, ["chanel", "nike"])
    pictures = picture_plan(Random(2), plan)
    shared = [(index, first) for index, first in enumerate(pictures) if index != first]
    assert 10 < len(shared) < 50
    assert all(plan[index] == plan[first] for index, first in shared)


def test_a_counterfeit_is_far_below_the_floor_and_a_genuine_one_well_above():
    truths = [
        write_listing(Random(n), n, "chanel", CHANEL, "handbag", "p.jpg")[1] for n in range(400)
    ]
    fakes = [truth.price_usd for truth in truths if truth.counterfeit]
    genuine = [truth.price_usd for truth in truths if not truth.counterfeit]
    assert 120 < len(fakes) < 200
    assert 8 < min(fakes) < max(fakes) <= 120
    assert 255 < min(genuine) < max(genuine) <= 2000


@pytest.mark.parametrize("number", range(20))
def test_what_shows_no_brand_is_never_counterfeit(number):
    item, truth = write_listing(Random(number), number, "no_logo", None, "cap", "p00001.jpg")
    assert truth.counterfeit is False
    assert item.listing_id == f"SM-{10_001 + number}"
    assert item.category == "accessories"
    assert item.image == "p00001.jpg"


def test_some_sellers_sell_only_fakes():
    by_seller: dict[str, set[bool]] = {}
    for number in range(2000):
        item, truth = write_listing(Random(number), number, "chanel", CHANEL, "tote", "p.jpg")
        by_seller.setdefault(item.seller_id, set()).add(truth.counterfeit)
    assert [seller for seller, kinds in sorted(by_seller.items()) if kinds == {True}] == [
        "s01", "s02", "s03", "s04", "s05", "s06", "s07", "s08"
    ]  # fmt: skip
