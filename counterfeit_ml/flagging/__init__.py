"""Flagging: the rules over one day's scored listings, into the warehouse."""

from datetime import date
from importlib.resources import files

import duckdb
import pyarrow as pa

from counterfeit_ml.brands import BrandCatalogue, load_brands
from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.flagging.rules import RuleBook, load_rules, rules_version
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
from counterfeit_ml.warehouse import FLAGS, FlagChanges, Warehouse

__all__ = ["flag", "match_rules"]


def flag(settings: Settings, ds: str, run_id: str) -> FlagChanges:
    """Make the flags of day ``ds`` what the rules say of its scored listings.

    Raises ``PartitionMissingError`` where the day was not scored, ``ConfigError`` for wrong
    rules, ``WarehouseError``.
    """
    rules, brands = load_rules(settings.config_dir), load_brands(settings.config_dir)
    scored = Lake(settings).read(SCORED_LISTINGS, ds=ds)
    flags = match_rules(scored, rules, brands, rules_version(settings.config_dir))
    return Warehouse(settings).replace_flags(date.fromisoformat(ds), flags, run_id)


def match_rules(
    scored: pa.Table, rules: RuleBook, catalogue: BrandCatalogue, version: str
) -> pa.Table:
    """The rows of ``scored`` that a rule flags, one each, with the columns of ``FLAGS``."""
    ruled = [rule.model_dump() for rule in rules.rules]
    floors = [
        {"brand": key, "price_floor_usd": brand.price_floor_usd}
        for key, brand in sorted(catalogue.brands.items())
    ]
    with duckdb.connect() as connection:
        connection.register("scored", scored)
        connection.register("brands", pa.Table.from_pylist(floors))
        connection.register("rules", pa.Table.from_pylist(_numbered(ruled)))
        sql = files(__name__).joinpath("match_rules.sql").read_text("utf-8")
        flags = connection.sql(sql, params={"rules_version": version}).to_arrow_table()
    return flags.select(FLAGS.names).cast(FLAGS)


def _numbered(rules: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{"position": position, **rule} for position, rule in enumerate(rules)]
