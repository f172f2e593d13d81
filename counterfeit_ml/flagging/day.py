"""Puts rules over one day's scored listings, set-wise in DuckDB over their Parquet files."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.flagging.categories import category_sql
from counterfeit_ml.flagging.columns import COLUMNS
from counterfeit_ml.flagging.conditions import Condition, Query
from counterfeit_ml.flagging.floors import Figures, floor_table, learn, own_floors
from counterfeit_ml.flagging.lookalikes import NamePatterns, name_patterns
from counterfeit_ml.flagging.looks import Hashes, smallest_alike
from counterfeit_ml.flagging.query import statement
from counterfeit_ml.flagging.rules import RuleBook
from counterfeit_ml.flagging.scored import create_view
from counterfeit_ml.lake import Lake
from counterfeit_ml.processes import cores
from counterfeit_ml.scratch import database, scratch
from counterfeit_ml.warehouse import DAYS, FLAGS, SAMPLE, SELLERS, FlaggedDay, Warehouse

SAMPLED = 50
"""Listings a day that people are shown whatever the rules say of them."""
PICTURE = "CASE WHEN regexp_full_match(image_sha256, '[0-9a-f]{64}') THEN image_sha256 END"
RUNNERS_UP = """coalesce(to_json([
    {'brand': other.brand, 'probability': other.probability}
    for other in list_reverse_sort([
        {'probability': round(entry.value::DOUBLE, 6), 'brand': entry.key}
        for entry in map_entries(probabilities) if entry.key <> brand
    ])[1:3]
])::VARCHAR, '[]')"""

EVERY, NONE, KEPT = (
    "SELECT look FROM looked",
    "SELECT look FROM looked WHERE false",
    "SELECT look FROM kept",
)
"""Looks whose pictures are to be counted."""


def _text(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.string()) for name in names]


SELLER = _text("marketplace", "seller_id")
LISTED = pa.schema([*SELLER, ("lists", pa.list_(pa.string()))])
HISTORY = pa.schema([*SELLER, ("flags_before", pa.int64()), ("confirmed_before", pa.int64())])
FLAGGED = pa.schema(_text("image_sha256", "image_phash", "marketplace", "listing_id"))
RULES = pa.schema([("position", pa.int32()), *_text("rule_id", "verdict")])


@dataclass(frozen=True)
class Rules:
    """A rules file and the catalogue it speaks of, as read, and the version of both."""

    book: RuleBook
    catalogue: BrandCatalogue
    version: str


@dataclass(frozen=True)
class Earlier:
    """What the days before say: figures for learnt floors, sellers, and what was flagged."""

    figures: Figures = field(default_factory=dict)
    known_sellers: pa.Table = field(default_factory=SELLERS.empty_table)
    seller_history: pa.Table = field(default_factory=HISTORY.empty_table)
    flagged_pictures: pa.Table = field(default_factory=FLAGGED.empty_table)


def flagged_day(lake: Lake, warehouse: Warehouse, ds: str, rules: Rules, run_id: str) -> FlaggedDay:
    """What ``rules`` make of the scored listings of day ``ds``; nothing is written.

    Days before are looked at only where a floor is to be learnt or a rule asks for what was
    flagged before. Raises ``PartitionMissingError`` where the day was not scored,
    ``WarehouseError``, ``DiskError``.
    """
    with scratch() as folder, ThreadPoolExecutor() as pool:
        # The warehouse answers while the files come.
        earlier = pool.submit(_flagged_earlier, warehouse, ds, rules.book)
        paths = lake.download(SCORED_LISTINGS, folder / "scored", ds=ds)
        figures = learn(lake, ds, rules.catalogue, folder)
        known = replace(earlier.result(), figures=figures)
        return evaluate(paths, ds, rules, known, folder, run_id)


def evaluate(
    paths: Sequence[Path], ds: str, rules: Rules, earlier: Earlier, folder: Path, run_id: str
) -> FlaggedDay:
    """As ``flagged_day``, of the files at ``paths``, spilling into ``folder``."""
    with database(folder, {}, threads=cores()) as connection:
        create_view(connection, "scored", paths, folder)
        return _Day(connection, rules, earlier).flagged(ds, run_id)


def _flagged_earlier(warehouse: Warehouse, ds: str, book: RuleBook) -> Earlier:
    day = date.fromisoformat(ds)
    earlier = Earlier(known_sellers=warehouse.known_sellers(day))
    if book.asks("seller_flags_before", "seller_confirmed_before"):
        earlier = replace(earlier, seller_history=warehouse.seller_history(day))
    if book.asks("relisted"):
        earlier = replace(earlier, flagged_pictures=warehouse.flagged_pictures(day))
    return earlier


@dataclass(frozen=True)
class _Day:
    """A database with the day's listings, on their way to flags."""

    connection: duckdb.DuckDBPyConnection
    rules: Rules
    earlier: Earlier

    def flagged(self, ds: str, run_id: str) -> FlaggedDay:
        floors = self._floors()
        self._look()
        self._list_sellers()
        self._count_pictures(EVERY if self.rules.book.asks("other_sellers") else NONE)
        highest_lot = self._highest_lot()
        self._keep(ds, highest_lot)
        self._count_pictures(KEPT)
        self.connection.execute(statement("sellers"))
        days = self._table(statement("days"), rules_version=self.rules.version)
        self.register(known_sellers=self.earlier.known_sellers)
        sellers = self._table(statement("new_sellers"))
        return FlaggedDay(
            flags=self._flags().cast(FLAGS),
            floors=floors,
            sample=self._sample(highest_lot).cast(SAMPLE),
            days=days.cast(DAYS),
            sellers=sellers.cast(SELLERS),
            run_id=run_id,
        )

    def register(self, **tables: pa.Table) -> None:
        for name, table in tables.items():
            self.connection.register(name, table)

    def _floors(self) -> pa.Table:
        names = self._table("SELECT DISTINCT marketplace FROM scored ORDER BY marketplace")
        marketplaces = names["marketplace"].to_pylist()
        floors = floor_table(self.rules.catalogue, marketplaces, self.earlier.figures)
        self.register(price_floors=floors)
        return floors

    def _look(self) -> None:
        """Find the pictures that look the same, and those that were flagged before."""
        earlier = self.earlier
        self.register(
            seller_history=earlier.seller_history, flagged_pictures=earlier.flagged_pictures
        )
        alike, smallest = smallest_alike(self._table(statement("hashes"))["phash"].to_numpy())
        self.register(looks=pa.table({"phash": _hex(alike), "look": _hex(smallest)}))
        self.connection.execute(statement("looked", picture=PICTURE))
        self.connection.execute(statement("flagged_looks"))

    def _list_sellers(self) -> None:
        book = self.rules.book
        lists: dict[tuple[str, str], list[str]] = {}
        for name, marketplace, seller in book.listed_sellers():
            lists.setdefault((marketplace, seller), []).append(name)
        listed = [(*seller, names) for seller, names in lists.items()]
        self.register(
            listed_sellers=_table(listed, LISTED),
            allowed_sellers=_table(book.allowed(), pa.schema(SELLER)),
        )

    def _count_pictures(self, wanted: str) -> None:
        self.connection.execute(statement("pictures", wanted=wanted))

    def _highest_lot(self) -> int:
        """Some ten times as many listings have one of 64 bits below it as are wanted."""
        rows: int = self._table("SELECT count(*) AS rows FROM scored")["rows"][0].as_py()
        return min(10 * SAMPLED * 2**64 // max(rows, 1), 2**64 - 1)

    def _keep(self, ds: str, highest_lot: int) -> None:
        book, catalogue = self.rules.book, self.rules.catalogue
        query = Query(_names(book, catalogue))
        own = own_floors(catalogue)
        query.values |= {"brands": sorted(catalogue.brands), "own_floors": own}
        query.values |= {"ds": ds, "highest_lot": highest_lot}
        asked = own or book.asks("category")
        category = category_sql(catalogue, query) if asked else "NULL::VARCHAR"
        parts = {"rules": _cases(book, query), "facts": statement("facts", category=category)}
        sql = statement("keep", **parts, runners_up=RUNNERS_UP, picture=PICTURE)
        self.connection.execute(sql, query.values)

    def _flags(self) -> pa.Table:
        book = self.rules.book
        rows = [(number, rule.id, rule.verdict) for number, rule in enumerate(book.rules)]
        self.register(rules=_table(rows, RULES))
        query = Query(_names(book, self.rules.catalogue))
        reasons = _reasons(book, query)
        parts = {"category": category_sql(self.rules.catalogue, query), "reasons": reasons}
        sql = statement("flags", **parts)
        return self._table(sql, rules_version=self.rules.version, **query.values)

    def _sample(self, highest_lot: int) -> pa.Table:
        return self._table(statement("sample"), highest_lot=highest_lot, rows=SAMPLED)

    def _table(self, sql: str, **values: Any) -> pa.Table:
        return self.connection.sql(sql, params=values or None).to_arrow_table()


def _names(book: RuleBook, catalogue: BrandCatalogue) -> NamePatterns | None:
    """The patterns of the brands' names, where a rule asks for them."""
    if not book.asks("obfuscated_brand"):
        return None
    return name_patterns(brand.name for brand in catalogue.brands.values())


def _cases(book: RuleBook, query: Query) -> str:
    """SQL of the position of the first rule that matches."""
    return " ".join(
        f"WHEN {' AND '.join(_conditions(rule.when.conditions, query))} THEN {position}"
        for position, rule in enumerate(book.rules)
    )


def _conditions(conditions: Mapping[str, Condition], query: Query) -> Iterable[str]:
    return (condition.sql(COLUMNS[name], query) for name, condition in conditions.items())


def _reasons(book: RuleBook, query: Query) -> str:
    """SQL of a sentence for each condition of the rule that decided."""
    return " ".join(
        f"WHEN {position} THEN [{', '.join(_sentences(rule.when.conditions, query))}]"
        for position, rule in enumerate(book.rules)
    )


def _sentences(conditions: Mapping[str, Condition], query: Query) -> Iterable[str]:
    return (
        sentence
        for name, condition in conditions.items()
        for sentence in condition.reasons(COLUMNS[name], query)
    )


def _hex(hashes: Hashes) -> pa.Array:
    return pa.array([f"{one:016x}" for one in hashes.tolist()], pa.string())


def _table(rows: Iterable[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
