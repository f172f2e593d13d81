"""The warehouse on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
import pytest
from psycopg import sql

from counterfeit_ml.errors import WarehouseError
from counterfeit_ml.warehouse import FLAGS, FlagChanges, Warehouse

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
FLAG: dict[str, Any] = {
    "verdict": "counterfeit",
    "rule_id": "origin",
    "reasons": '["cheap"]',
    "brand": "gucci",
    "confidence": 0.95,
    "price": 10.0,
    "currency": "USD",
    "price_usd": 10.0,
    "price_floor_usd": 100.0,
    "price_ratio": 0.1,
    "seller_id": "s'; DROP TABLE x; --",
    "condition": None,
    "title": "t" * 10_000,
    "url": "http://shop/1",
    "image_sha256": "ab",
    "model_version": "1",
    "rules_version": "r",
}


@pytest.fixture
def warehouse(services) -> Warehouse:
    warehouse = Warehouse(services.settings)
    for day in (FIRST, SECOND):
        warehouse.replace_flags(day, flags(), "clean")
    return warehouse


def flags(*ids: str, **changes: Any) -> pa.Table:
    rows = [{**FLAG, "marketplace": "shop", "listing_id": one, **changes} for one in ids]
    return pa.Table.from_pylist(rows, FLAGS)


def rows(warehouse: Warehouse, day: date) -> list[dict[str, Any]]:
    return warehouse.query(
        "SELECT * FROM warehouse.flagged_listings WHERE ds = %s ORDER BY listing_id", day
    )


def test_migrating_again_does_nothing(warehouse):
    assert warehouse.migrate() == []


def test_a_day_is_written_whole(warehouse):
    assert warehouse.replace_flags(FIRST, flags("a", "b"), "run 1") == FlagChanges(2, 0, 2)
    (first, _) = rows(warehouse, FIRST)
    assert first["listing_id"] == "a"
    assert first["reasons"] == ["cheap"]
    assert first["seller_id"] == "s'; DROP TABLE x; --"
    assert len(first["title"]) == 10_000
    assert first["run_id"] == "run 1"


def test_the_same_flags_again_change_no_row(warehouse):
    warehouse.replace_flags(FIRST, flags("a", "b"), "run 1")
    before = rows(warehouse, FIRST)
    assert warehouse.replace_flags(FIRST, flags("b", "a"), "run 2") == FlagChanges(0, 0, 2)
    assert rows(warehouse, FIRST) == before


def test_what_changed_is_written_and_what_is_cleared_goes(warehouse):
    warehouse.replace_flags(FIRST, flags("a", "b"), "run 1")
    changes = warehouse.replace_flags(FIRST, flags("a", price_usd=11.0), "run 2")
    assert changes == FlagChanges(1, 1, 1)
    (row,) = rows(warehouse, FIRST)
    assert (row["price_usd"], row["run_id"]) == (11.0, "run 2")


def test_another_day_stays_as_it_is(warehouse):
    warehouse.replace_flags(FIRST, flags("a"), "run 1")
    before = rows(warehouse, FIRST)
    warehouse.replace_flags(SECOND, flags("b"), "run 2")
    assert rows(warehouse, FIRST) == before


def test_a_backfilled_or_cleared_day_moves_the_first_day(warehouse):
    def first_days() -> list[date]:
        return [row["first_flagged_ds"] for row in rows(warehouse, SECOND)]

    warehouse.replace_flags(SECOND, flags("a"), "run 1")
    assert first_days() == [SECOND]
    warehouse.replace_flags(FIRST, flags("a"), "run 2")
    assert first_days() == [FIRST]
    warehouse.replace_flags(FIRST, flags(), "run 3")
    assert first_days() == [SECOND]


def test_a_row_that_breaks_a_rule_of_the_table_leaves_the_old_day(warehouse):
    warehouse.replace_flags(FIRST, flags("a"), "run 1")
    before = rows(warehouse, FIRST)
    with pytest.raises(WarehouseError, match="confidence"):
        warehouse.replace_flags(FIRST, flags("b", confidence=2.0), "run 2")
    assert rows(warehouse, FIRST) == before


def test_the_same_day_twice_at_once_ends_as_one_of_the_two(warehouse):
    with ThreadPoolExecutor(2) as threads:
        tables = [flags("a", "b", price=float(number)) for number in range(8)]
        list(threads.map(lambda table: warehouse.replace_flags(FIRST, table, "race"), tables))
    prices = [row["price"] for row in rows(warehouse, FIRST)]
    assert len(prices) == 2
    assert len(set(prices)) == 1


def test_the_analysts_role_reads_and_cannot_write(services, warehouse):
    warehouse.replace_flags(FIRST, flags("a"), "run 1")
    with psycopg.connect(services.stack.bi_reader_uri, autocommit=True) as analyst:
        analyst.execute("SET default_transaction_read_only = off")
        for view in ("flagged_listings", "current_flags", "flags_by_brand_day", "seller_risk"):
            found = analyst.execute(
                sql.SQL("SELECT count(*) FROM warehouse.{}").format(sql.Identifier(view))
            ).fetchone()
            assert found is not None
            assert found[0] >= 1
        for statement in (
            b"DELETE FROM warehouse.flagged_listings",
            b"UPDATE warehouse.flagged_listings SET verdict = 'review'",
            b"INSERT INTO warehouse.flag_reviews (marketplace) VALUES ('x')",
            b"CREATE TABLE warehouse.mine (x int)",
            b"CREATE TABLE public.mine (x int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                analyst.execute(statement)


def test_every_table_view_and_column_says_what_it_is(warehouse):
    silent = warehouse.query(
        """
        SELECT relname, attname FROM pg_class
        JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
        WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'v')
        AND col_description(pg_class.oid, attnum) IS NULL
        UNION ALL
        SELECT relname, NULL FROM pg_class
        WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'v')
        AND relname <> 'migrations' AND obj_description(oid) IS NULL
        """
    )
    assert silent == []


def test_a_warehouse_that_is_down_is_one_sentence(services, unused_port):
    uri = services.settings.warehouse_uri.__class__(
        f"postgresql://platform:the-password@127.0.0.1:{unused_port}/warehouse"
    )
    away = Warehouse(services.settings.model_copy(update={"warehouse_uri": uri}))
    with pytest.raises(WarehouseError) as caught:
        away.replace_flags(FIRST, flags(), str(uuid4()))
    assert f"127.0.0.1:{unused_port}/warehouse" in str(caught.value)
    assert "the-password" not in str(caught.value)
