"""The warehouse on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event
from typing import Any

import psycopg
import pytest
from psycopg import sql

from counterfeit_ml.errors import WarehouseError
from counterfeit_ml.warehouse import SELLERS, FlagChanges, Warehouse
from tests.flags_made import flag, flagged_day
from tests.stacks import reader

FIRST, SECOND, THIRD = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)
REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.WrongObjectType,
    psycopg.errors.ObjectNotInPrerequisiteState,
)
FLOOR: dict[str, Any] = {"marketplace": "shop", "brand": "gucci", "listings": 7}


def rows(warehouse: Warehouse, day: date) -> list[dict[str, Any]]:
    return warehouse.query(
        "SELECT * FROM warehouse.flagged_listings WHERE ds = %s ORDER BY listing_id", day
    )


def first_days(warehouse: Warehouse, day: date) -> list[date]:
    return [row["first_flagged_ds"] for row in rows(warehouse, day)]


def test_a_day_is_written_whole(warehouse):
    seller, title = "s'; DROP TABLE x; --", "‮<b>\"'🎒" + "t" * 10_000
    flags = (flag("a", seller_id=seller, title=title, price=1e9), flag("b"))
    day = flagged_day(*flags, floors=(FLOOR,), sample=("a", "c"), run_id="run 1")
    assert warehouse.replace_day(FIRST, day) == FlagChanges(2, 0, 2)
    (first, _) = rows(warehouse, FIRST)
    assert (first["listing_id"], first["run_id"]) == ("a", "run 1")
    assert (first["seller_id"], first["title"], first["price"]) == (seller, title, 1e9)
    assert first["reasons"] == ["cheap"]
    assert first["runners_up"] == [{"brand": "chanel", "probability": 0.03}]
    (days,) = warehouse.query("SELECT * FROM warehouse.flagged_days")
    assert (days["ds"], days["scored"], days["flagged"], days["run_id"]) == (FIRST, 10, 2, "run 1")
    (floor,) = warehouse.query("SELECT * FROM warehouse.price_floors")
    assert (floor["ds"], floor["listings"], floor["price_floor_usd"]) == (FIRST, 7, None)
    samples = warehouse.query("SELECT listing_id, ds, run_id FROM warehouse.review_samples")
    assert [tuple(one.values()) for one in samples] == [
        ("a", FIRST, "run 1"),
        ("c", FIRST, "run 1"),
    ]


def test_the_same_day_again_changes_no_flag(warehouse):
    flags, floors = (flag("a"), flag("b", seller_id=None)), (FLOOR, {**FLOOR, "category": "bags"})
    warehouse.replace_day(FIRST, flagged_day(*flags, floors=floors, sample=("a",)))
    before = rows(warehouse, FIRST)
    again = flagged_day(*reversed(flags), floors=floors, sample=("a",), run_id="run 2")
    assert warehouse.replace_day(FIRST, again) == FlagChanges(0, 0, 2)
    assert rows(warehouse, FIRST) == before
    counts = warehouse.query(
        "SELECT (SELECT count(*) FROM warehouse.flagged_days) AS days,"
        "(SELECT count(*) FROM warehouse.price_floors) AS floors,"
        "(SELECT count(*) FROM warehouse.review_samples) AS samples"
    )
    assert counts == [{"days": 1, "floors": 2, "samples": 1}]


def test_what_changed_is_written_and_what_is_cleared_goes(warehouse):
    warehouse.replace_day(FIRST, flagged_day(flag("a"), flag("b")))
    changed = flagged_day(flag("a", price_ratio=None, price_floor_usd=None), run_id="run 2")
    assert warehouse.replace_day(FIRST, changed) == FlagChanges(1, 1, 1)
    (row,) = rows(warehouse, FIRST)
    assert (row["price_ratio"], row["run_id"]) == (None, "run 2")


def test_another_day_stays_as_it_is(warehouse):
    warehouse.replace_day(FIRST, flagged_day(flag("a"), sample=("a",)))
    before = rows(warehouse, FIRST)
    warehouse.replace_day(SECOND, flagged_day(flag("b")))
    assert rows(warehouse, FIRST) == before
    assert len(warehouse.query("SELECT FROM warehouse.review_samples")) == 1


def test_a_backfilled_or_cleared_day_moves_the_first_day(warehouse):
    warehouse.replace_day(SECOND, flagged_day(flag("a"), flag("b")))
    warehouse.replace_day(THIRD, flagged_day(flag("a")))
    assert first_days(warehouse, THIRD) == [SECOND]
    warehouse.replace_day(FIRST, flagged_day(flag("a")))
    assert first_days(warehouse, SECOND) == [FIRST, SECOND]
    assert first_days(warehouse, THIRD) == [FIRST]
    warehouse.replace_day(FIRST, flagged_day())
    assert first_days(warehouse, THIRD) == [SECOND]
    warehouse.replace_day(SECOND, flagged_day(flag("b")))
    assert first_days(warehouse, THIRD) == [THIRD]


def test_a_changed_flag_keeps_its_first_day(warehouse):
    warehouse.replace_day(FIRST, flagged_day(flag("a")))
    warehouse.replace_day(SECOND, flagged_day(flag("a")))
    warehouse.replace_day(SECOND, flagged_day(flag("a", risk=0.9)))
    assert first_days(warehouse, SECOND) == [FIRST]


def test_a_row_that_breaks_a_rule_of_the_table_leaves_the_old_day(warehouse):
    warehouse.replace_day(FIRST, flagged_day(flag("a"), sample=("a",)))
    before = rows(warehouse, FIRST)
    with pytest.raises(WarehouseError, match="confidence"):
        warehouse.replace_day(FIRST, flagged_day(flag("b", confidence=2.0)))
    with pytest.raises(WarehouseError, match="source"):
        warehouse.replace_day(FIRST, flagged_day(floors=({**FLOOR, "source": "guessed"},)))
    assert rows(warehouse, FIRST) == before
    assert len(warehouse.query("SELECT FROM warehouse.review_samples")) == 1


def test_the_same_day_twice_at_once_ends_as_one_of_the_two(warehouse):
    days = [
        flagged_day(
            flag("a", price=float(number)),
            flag("b", price=float(number)),
            floors=({**FLOOR, "listings": number},),
            run_id="race",
        )
        for number in range(8)
    ]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda day: warehouse.replace_day(FIRST, day), days))
    prices = [row["price"] for row in rows(warehouse, FIRST)]
    (floor,) = warehouse.query("SELECT listings FROM warehouse.price_floors")
    assert prices == [floor["listings"]] * 2


def test_readers_see_the_old_day_or_the_new_one(warehouse, own_warehouse):
    def day(number: int) -> Any:
        flags = (flag(f"L{one}", price=float(number)) for one in range(200 + number))
        floors = ({**FLOOR, "listings": number},)
        return flagged_day(*flags, floors=floors, sample=("x",), run_id=str(number))

    look = b"""
        SELECT
            (SELECT array_agg(DISTINCT price) FROM warehouse.flagged_listings),
            (SELECT count(*) FROM warehouse.current_flags),
            (SELECT flagged FROM warehouse.flagged_days),
            (SELECT listings FROM warehouse.price_floors),
            (SELECT run_id FROM warehouse.review_samples)
    """
    warehouse.replace_day(FIRST, day(0))
    done = Event()

    def watch() -> set[Any]:
        seen = set()
        with psycopg.connect(reader(own_warehouse), autocommit=True) as analyst:
            while not done.is_set():
                (prices, *rest) = analyst.execute(look).fetchone() or ()
                seen.add((tuple(prices), *rest))
        return seen

    with ThreadPoolExecutor(2) as threads:
        watching = [threads.submit(watch) for _ in range(2)]
        for number in range(1, 8):
            warehouse.replace_day(FIRST, day(number))
        done.set()
    whole = {((float(n),), 200 + n, 200 + n, n, str(n)) for n in range(8)}
    seen = set.union(*(one.result() for one in watching))
    assert seen <= whole
    assert len(seen) > 1


def test_the_past_of_sellers_and_pictures(warehouse, review):
    flags = (flag("a"), flag("b", verdict="review"), flag("c", seller_id="s2"))
    warehouse.replace_day(FIRST, flagged_day(*flags, flag("d", seller_id=None)))
    warehouse.replace_day(SECOND, flagged_day(flag("a"), flag("e", image_sha256="bb")))
    warehouse.replace_day(THIRD, flagged_day(flag("f")))
    review("a", "dismissed")
    review("a", "confirmed")
    review("c", "dismissed")
    history = sorted(tuple(row.values()) for row in warehouse.seller_history(THIRD).to_pylist())
    assert history == [("shop", "s1", 2, 1), ("shop", "s2", 0, 0)]
    assert warehouse.seller_history(FIRST).num_rows == 0
    pictures = sorted(tuple(row.values()) for row in warehouse.flagged_pictures(THIRD).to_pylist())
    assert pictures == [
        ("aa", "f0", "shop", "a"),
        ("aa", "f0", "shop", "d"),
        ("bb", "f0", "shop", "e"),
    ]


def test_a_seller_is_known_from_the_first_day_on(warehouse):
    warehouse.replace_day(SECOND, flagged_day(flag("a"), flag("b", seller_id="s2")))
    warehouse.replace_day(FIRST, flagged_day(flag("b", seller_id="s2")))
    known = [warehouse.known_sellers(day).sort_by("seller_id") for day in (FIRST, SECOND)]
    assert [table["seller_id"].to_pylist() for table in known] == [["s2"], ["s1", "s2"]]
    assert known[0].schema.equals(SELLERS)


def test_the_analysts_role_reads_and_cannot_write(warehouse, own_warehouse):
    warehouse.replace_day(FIRST, flagged_day(flag("a"), floors=(FLOOR,), sample=("a",)))
    relations = warehouse.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'warehouse'::regnamespace "
        "AND relkind IN ('r', 'v') ORDER BY relname"
    )
    with psycopg.connect(reader(own_warehouse), autocommit=True) as analyst:
        analyst.execute("SET default_transaction_read_only = off")
        for relation in (sql.Identifier("warehouse", one["relname"]) for one in relations):
            analyst.execute(sql.SQL("SELECT * FROM {}").format(relation)).fetchall()
            for statement in ("DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
                with pytest.raises(REFUSED):
                    analyst.execute(sql.SQL(statement).format(relation))
        for statement in (
            b"UPDATE warehouse.flagged_listings SET verdict = 'review'",
            b"INSERT INTO warehouse.flag_reviews (marketplace) VALUES ('x')",
            b"CREATE TABLE warehouse.mine (x int)",
            b"CREATE TABLE public.mine (x int)",
            b"CREATE SCHEMA mine",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                analyst.execute(statement)


@pytest.mark.parametrize("table", ["flag_reviews", "takedown_notice_events"])
def test_decisions_and_events_are_never_changed(warehouse, own_warehouse, table):
    uri = own_warehouse.settings.warehouse_uri.get_secret_value()
    named = sql.Identifier("warehouse", table)
    with psycopg.connect(uri, autocommit=True) as platform:
        for statement in ("DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET note = ''"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                platform.execute(sql.SQL(statement).format(named))


def test_every_table_view_and_column_says_what_it_is(warehouse):
    silent = warehouse.query(
        """
        SELECT relname, attname FROM pg_class
        JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
        WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'v')
        AND coalesce(col_description(pg_class.oid, attnum), '') = ''
        UNION ALL
        SELECT relname, NULL FROM pg_class
        WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'v')
        AND obj_description(oid) IS NULL
        """
    )
    assert silent == []


def test_a_warehouse_that_is_down_is_one_sentence(services, unused_port):
    uri = services.settings.warehouse_uri.__class__(
        f"postgresql://platform:the-password@127.0.0.1:{unused_port}/warehouse"
    )
    away = Warehouse(services.settings.model_copy(update={"warehouse_uri": uri}))
    for doing, action in {
        "writing flags": lambda: away.replace_day(FIRST, flagged_day()),
        "reading": lambda: away.known_sellers(FIRST),
        "migrating": away.migrate,
    }.items():
        with pytest.raises(WarehouseError) as caught:
            action()
        assert str(caught.value).startswith(f"{doing} at 127.0.0.1:{unused_port}/warehouse failed")
        assert "the-password" not in str(caught.value)
