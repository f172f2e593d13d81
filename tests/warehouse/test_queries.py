"""The ten questions of docs/queries.md, on rows written out here."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import sqlalchemy

from counterfeit_ml.settings import ROOT
from counterfeit_ml.warehouse import Notices
from tests.flags_made import flag, flagged_day
from tests.stacks import reader

PAGE = (ROOT / "docs" / "queries.md").read_text("utf-8")
QUERIES = re.findall(r"^## \d+\. .*?```sql\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
SUNDAY, MONDAY = date(2026, 3, 1), date(2026, 3, 2)
FLOOR = {"marketplace": "shop", "brand": "gucci", "source": "absolute", "price_floor_usd": 100.0}

L1 = flag("L1", seller_name="Ann's", risk=0.75, reasons='["logo", "cheap"]', other_sellers=1)
L2 = flag("L2", seller_id="s2", risk=0.25, seller_listings=1, other_sellers=1)
L3 = flag(
    "L3",
    seller_id="s3",
    brand="chanel",
    verdict="review",
    risk=0.5,
    picture_group="cc",
    category="bags",
)
B1 = flag("B1", marketplace="bazaar", seller_id="b1", risk=1.0)
UNCOMPARED = {"price_floor_usd": None, "price_ratio": None, "floor_source": None}

ANSWERS: list[list[tuple[Any, ...]]] = [
    [("shop", "L2", "gucci", "counterfeit", 0.25, 10.0, 100.0, "http://shop/1")],
    [("chanel", "review", 1, 1), ("gucci", "counterfeit", 1, 2)],
    [
        (date(2026, 2, 23), "gucci", Decimal(2), Decimal(2)),
        (date(2026, 3, 2), "chanel", Decimal(1), Decimal(1)),
        (date(2026, 3, 2), "gucci", Decimal(2), Decimal(1)),
    ],
    [
        ("shop", "s1", "Ann's", 1, 1, 0.25, 0.75, True, 1),
        ("shop", "s2", None, 0, 1, 1.0, 0.25, True, 1),
        ("shop", "s3", None, 0, 1, 0.25, 0.0, True, 0),
    ],
    [("aa", 2, 1, 1, 2, 1, ["shop: s1", "shop: s2"])],
    [
        (MONDAY, "counterfeit", "origin", "logo", 0.95, 10.0, 100.0, "1", "r1"),
        (MONDAY, "counterfeit", "origin", "cheap", 0.95, 10.0, 100.0, "1", "r1"),
        (SUNDAY, "counterfeit", "origin", "logo", 0.95, 10.0, 100.0, "1", "r1"),
        (SUNDAY, "counterfeit", "origin", "cheap", 0.95, 10.0, 100.0, "1", "r1"),
    ],
    [
        ("bazaar", "b1", SUNDAY, SUNDAY, 1),
        ("shop", "s1", SUNDAY, MONDAY, 1),
        ("shop", "s2", MONDAY, MONDAY, 1),
    ],
    [("origin", "r1", 2, 1, 0.5), ("weak", "r0", 0, 0, None)],
    [
        ("shop", "gucci", None, "absolute", 100.0, 120.0, 9, 2),
        ("shop", "chanel", "bags", None, None, 500.0, 4, 1),
    ],
    [(1, "shop", "s1", "sent", 1, 1)],
]


@pytest.fixture
def analyst(warehouse, own_warehouse, review):
    floors = (
        {**FLOOR, "listings": 9, "median_usd": 120.0},
        {"marketplace": "shop", "brand": "chanel", "category": "bags", "listings": 4}
        | {"median_usd": 500.0},
    )
    both = ("shop", "bazaar")
    warehouse.replace_day(SUNDAY, flagged_day(L1, B1, marketplaces=both))
    monday = flagged_day(L1, L2, L3 | UNCOMPARED, marketplaces=both, floors=floors)
    warehouse.replace_day(MONDAY, monday)
    review("L1", "dismissed", ds=SUNDAY)
    review("L1", "confirmed")
    review("L3", "dismissed")
    review("L4", "unsure", rule_id="weak", rules_version="r0")
    review("L2", "confirmed", sampled=True, rule_id=None, rules_version=None)
    notices = Notices(own_warehouse.settings)
    notices.open("shop", "s1", "ann")
    notices.set_status(1, "sent", "ann")
    with psycopg.connect(reader(own_warehouse)) as connection:
        yield connection


def test_there_are_ten():
    assert len(QUERIES) == len(ANSWERS) == 10


def test_each_is_answered(analyst):
    for number, (query, answer) in enumerate(zip(QUERIES, ANSWERS, strict=True), 1):
        assert (number, analyst.execute(query.encode()).fetchall()) == (number, answer)


def test_the_line_for_superset_connects(warehouse, own_warehouse):
    (line,) = re.findall(r"`(postgresql\+psycopg2://.*?)`", PAGE)
    uri = psycopg.conninfo.conninfo_to_dict(reader(own_warehouse))
    line = line.replace("HOST", str(uri["host"])).replace("PORT", str(uri["port"]))
    line = line.replace("PASSWORD", str(uri["password"]))
    line = line.replace("/warehouse", f"/{uri['dbname']}")
    engine = sqlalchemy.create_engine(line)
    names = sqlalchemy.inspect(engine).get_view_names("warehouse")
    engine.dispose()
    assert "current_flags" in names
