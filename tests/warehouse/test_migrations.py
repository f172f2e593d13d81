"""An installation of before, brought up to date."""

from datetime import UTC, date, datetime

import psycopg
import pytest

from counterfeit_ml.errors import WarehouseError
from counterfeit_ml.warehouse import Warehouse, statement

FIRST = "0001_flagged_listings.sql"
OLD_FLAGS = """
INSERT INTO warehouse.flagged_listings VALUES
    ('2026-03-01', 'shop', 'a', 'counterfeit', 'origin', '["cheap"]', 'gucci', 0.75, 10, 'EUR', 12,
     48, 0.25, 's1', 'new', 'bag', 'http://shop/a', 'aa', '2026-03-01', '1', 'r1', 'run 1',
     '2026-03-01 20:00+00'),
    ('2026-03-02', 'shop', 'a', 'review', 'weak', '["odd"]', 'gucci', 0.5, 90, 'EUR', 96,
     48, 2.0, NULL, NULL, 'bag', 'http://shop/a', 'aa', '2026-03-01', '1', 'r2', 'run 2',
     '2026-03-02 20:00+00');
INSERT INTO warehouse.flag_reviews
    (marketplace, listing_id, ds, decision, note, reviewed_by, reviewed_at)
VALUES
    ('shop', 'a', '2026-03-01', 'confirmed', 'plain', 'ann', '2026-03-01 21:00+00'),
    ('shop', 'gone', '2026-03-01', 'unsure', NULL, 'bob', '2026-03-01 22:00+00')
"""


@pytest.fixture
def old(own_warehouse) -> Warehouse:
    """A warehouse as the first migration left it, with rows in it."""
    with psycopg.connect(own_warehouse.settings.warehouse_uri.get_secret_value()) as connection:
        connection.execute(statement("migrations_applied.sql").encode())
        connection.execute(statement(f"migrations/{FIRST}").encode())
        connection.execute("INSERT INTO warehouse.migrations VALUES (%s)", [FIRST])
        connection.execute(OLD_FLAGS)
    return Warehouse(own_warehouse.settings)


def test_migrating_keeps_every_row(old):
    flags = old.query("SELECT * FROM warehouse.flagged_listings ORDER BY ds")
    reviews = old.query("SELECT * FROM warehouse.flag_reviews ORDER BY review_id")
    old.migrate()
    after = old.query("SELECT * FROM warehouse.flagged_listings ORDER BY ds")
    assert [{name: one[name] for name in flags[0]} for one in after] == flags
    later = old.query("SELECT * FROM warehouse.flag_reviews ORDER BY review_id")
    assert [{name: one[name] for name in reviews[0]} for one in later] == reviews


def test_what_is_new_follows_from_the_old_rows(old):
    old.migrate()
    added = old.query(
        "SELECT floor_source, picture_group, risk, runners_up, other_sellers, seller_listings "
        "FROM warehouse.flagged_listings ORDER BY ds"
    )
    assert [tuple(one.values()) for one in added] == [
        ("absolute", "aa", 0.5625, [], 0, None),
        ("absolute", "aa", 0.0, [], 0, None),
    ]
    reviews = old.query(
        "SELECT image_sha256, rule_id, rules_version, model_version, sampled "
        "FROM warehouse.flag_reviews ORDER BY review_id"
    )
    assert [tuple(one.values()) for one in reviews] == [
        ("aa", "origin", "r1", "1", False),
        (None, None, None, None, False),
    ]
    days = old.query("SELECT * FROM warehouse.flagged_days ORDER BY ds")
    assert [tuple(one.values()) for one in days] == [
        (
            date(2026, 3, 1),
            "shop",
            None,
            1,
            "r1",
            "1",
            "run 1",
            datetime(2026, 3, 1, 20, tzinfo=UTC),
        ),
        (
            date(2026, 3, 2),
            "shop",
            None,
            1,
            "r2",
            "1",
            "run 2",
            datetime(2026, 3, 2, 20, tzinfo=UTC),
        ),
    ]
    (seller,) = old.query("SELECT * FROM warehouse.sellers")
    assert tuple(seller.values()) == ("shop", "s1", date(2026, 3, 1))
    (current,) = old.query("SELECT listing_id, ds, decision FROM warehouse.current_flags")
    assert tuple(current.values()) == ("a", date(2026, 3, 2), "confirmed")


def test_migrating_again_does_nothing(old):
    assert old.migrate()[0] == "0002_rules_reviews_notices.sql"
    assert old.migrate() == []


def test_a_migration_that_fails_leaves_all_as_it_was(old, own_warehouse):
    with psycopg.connect(own_warehouse.settings.warehouse_uri.get_secret_value()) as connection:
        connection.execute("CREATE TABLE warehouse.takedown_notices (mine int)")
    with pytest.raises(WarehouseError, match="takedown_notices"):
        old.migrate()
    assert len(old.query("SELECT FROM warehouse.current_flags")) == 1
    assert len(old.query("SELECT FROM warehouse.migrations")) == 1
