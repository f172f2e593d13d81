"""Price floors: given, as a share of retail, learnt; and what a wrong file of them says."""

from datetime import date, timedelta
from math import exp, log

import pyarrow as pa
import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.flagging.floors import floor_table, learn
from counterfeit_ml.lake import Lake
from tests.flagging.judging import row

DAY = date(1987, 6, 30)
LEARNT = """
categories: {shoes: [shoes]}
learnt_floors: {days: 21, at_least_listings: 10, spreads_below_median: 1.5}
brands:
  nike: {name: Nike, price_floor: learnt, categories: {shoes: {price_floor: learnt}}}
  gucci: {name: Gucci, price_floor_usd: 100}
"""


@pytest.fixture
def brands(tmp_path):
    def load(text):
        (tmp_path / "brands.yaml").write_text(text, "utf-8")
        return load_brands(tmp_path)

    return load


@pytest.fixture(scope="module")
def lake(services):
    """With scored days before ``DAY``: prices that double in steps, and what must not count."""
    lake = Lake(services.settings)
    nike = {"brand": "nike", "confidence": 0.95}
    bags = [row(**nike, listing_id=f"b{n}", price_usd=10.0 * 2 ** (n % 5)) for n in range(25)]
    shoes = [row(**nike, listing_id=f"s{n}", title="Shoes", price_usd=80.0) for n in range(12)]
    few = [row(**nike, marketplace="mall", price_usd=1.0, listing_id=f"m{n}") for n in range(3)]
    noise = [
        row(**nike | {"confidence": 0.8}, listing_id="unsure", price_usd=1e6),
        row(**nike, listing_id="broken", price_usd=float("nan")),
        row(**nike, listing_id="gone", price_usd=0.0),
    ]
    older = [{**one, "price_usd": 1e5} for one in bags]
    days = {1: bags + shoes + few + noise, 8: older, 40: [*older, row(**nike, listing_id="old")]}
    for back, rows in days.items():
        table = pa.Table.from_pylist(rows, SCORED_LISTINGS.schema)
        lake.write(SCORED_LISTINGS, table, ds=(DAY - timedelta(days=back)).isoformat())
    return lake


def test_a_floor_is_learnt_from_the_last_prices_of_confident_listings(lake, brands, tmp_path):
    figures = learn(lake, DAY.isoformat(), brands(LEARNT), tmp_path)
    spread = 1.4826 * log(2)
    assert figures["shop", "nike", None] == {
        "marketplace": "shop",
        "brand": "nike",
        "category": None,
        "listings": 25,
        "median_usd": 40.0,
        "spread": pytest.approx(spread),
    }
    floors = floor_table(brands(LEARNT), ["mall", "shop"], figures).to_pylist()
    assert [tuple(one.values()) for one in floors] == [
        ("mall", "gucci", None, 100.0, "absolute", 0, None, None, None),
        ("mall", "nike", None, None, "learnt", 3, 1.0, 0.0, None),
        ("mall", "nike", "shoes", None, "learnt", 0, None, None, None),
        ("shop", "gucci", None, 100.0, "absolute", 0, None, None, None),
        (
            "shop",
            "nike",
            None,
            pytest.approx(40 * exp(-1.5 * spread)),
            "learnt",
            25,
            40.0,
            pytest.approx(spread),
            None,
        ),
        ("shop", "nike", "shoes", pytest.approx(80 * exp(-0.15)), "learnt", 12, 80.0, 0.0, None),
    ]


def test_nothing_is_read_where_nothing_is_learnt(brands, tmp_path):
    text = "brands: {gucci: {name: Gucci, price_floor_usd: 1}}"
    assert learn(None, DAY.isoformat(), brands(text), tmp_path) == {}


def test_without_days_before_there_is_no_floor(lake, brands, tmp_path):
    assert learn(lake, "1980-01-01", brands(LEARNT), tmp_path) == {}


def test_the_reason_of_a_flag_tells_what_its_floor_was_learnt_from(judge):
    slot = {"marketplace": "shop", "brand": "nike", "category": None}
    figures = {
        ("shop", "nike", None): {**slot, "listings": 1234, "median_usd": 80.0, "spread": 0.5}
    }
    rows = (row(brand="nike", price_usd=20.0), row(listing_id="2", brand="nike", price_usd=30.0))
    assert judge.reasons("price_ratio: {below: 1}", *rows, figures=figures) == [
        ["price 20.00 USD < 100 % of the price floor 29.43 USD (learnt from 1234 listings)"]
    ]


@pytest.mark.parametrize(
    ("brand", "words"),
    [
        ("{name: Nike}", "brands.nike: give one of price_floor_usd, floor_share_of_retail"),
        ("{name: Nike, price_floor_usd: 1, price_floor: learnt}", "brands.nike: give one of"),
        ("{name: Nike, floor_share_of_retail: 0.3}", "is a share of retail_usd: give that"),
        ("{name: Nike, price_floor_usd: 0}", "brands.nike.price_floor_usd: Input should be great"),
        ("{name: Nike, price_floor_usd: '30'}", "brands.nike.price_floor_usd: Input should be a"),
        ("{name: Nike, price_floor: guessed}", "brands.nike.price_floor: Input should be 'learnt'"),
        (
            "{name: Nike, price_floor_usd: 1, categories: {hat: {price_floor_usd: 1}}}",
            "brands.nike.categories.hat: give this category's words in `categories` (shoes)",
        ),
    ],
)
def test_a_wrong_floor_is_named_with_its_line(brands, tmp_path, brand, words):
    with pytest.raises(ConfigError) as caught:
        brands(f"categories: {{shoes: [shoes]}}\nbrands:\n  nike: {brand}")
    assert str(caught.value).startswith(f"{tmp_path}/brands.yaml:3: ")
    assert words in str(caught.value)
