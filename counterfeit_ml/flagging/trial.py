"""What other rules would change: flags newly made, cleared, or decided otherwise."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from counterfeit_ml.flagging.query import statement
from counterfeit_ml.warehouse import FlaggedDay

CHANGES = ("new", "cleared", "changed")
EXAMPLES = 5
"""Of each change by each rule, those of the highest risk."""


@dataclass(frozen=True)
class Example:
    """One listing; ``rule`` and ``verdict`` are those that decide, None where none would."""

    change: str
    listing: str
    title: str
    brand: str
    rule_before: str | None
    rule: str | None
    verdict_before: str | None
    verdict: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """How the flags of day ``ds`` would change from ``before`` to ``after`` of them.

    ``by_rule`` counts (change, rule before, rule after), ``by_brand`` (brand, change).
    ``flagged_before`` is False where the warehouse holds no flagging of the day.
    """

    ds: str
    scored: int
    before: int
    after: int
    flagged_before: bool
    by_rule: dict[tuple[str, str | None, str | None], int]
    by_brand: dict[tuple[str, str], int]
    examples: tuple[Example, ...]


def compare(ds: str, standing: pa.Table | None, day: FlaggedDay) -> Trial:
    """The difference between the flags of ``ds`` that stand, if it was flagged, and ``day``'s."""
    before = day.flags.slice(0, 0) if standing is None else standing
    with duckdb.connect() as connection:
        connection.register("before", before)
        connection.register("after", day.flags)
        changed = connection.sql(statement("trial")).to_arrow_table()
    rules = Counter(zip(*_lists(changed, "change", "rule_before", "rule"), strict=True))
    return Trial(
        ds,
        sum(day.days["scored"].to_pylist()),
        before.num_rows,
        day.flags.num_rows,
        standing is not None,
        dict(rules),
        dict(Counter(zip(*_lists(changed, "brand", "change"), strict=True))),
        tuple(_examples(changed)),
    )


def _lists(table: pa.Table, *names: str) -> list[list[Any]]:
    return [table[name].to_pylist() for name in names]


def _examples(changed: pa.Table) -> list[Example]:
    """The first of each change and rule, in order."""
    kinds = zip(*_lists(changed, "change", "rule_before", "rule"), strict=True)
    seen: Counter[tuple[Any, ...]] = Counter()
    chosen = []
    for index, kind in enumerate(kinds):
        seen[kind] += 1
        if seen[kind] <= EXAMPLES:
            chosen.append(index)
    return [_example(row) for row in changed.take(pa.array(chosen, pa.int64())).to_pylist()]


def _example(row: dict[str, Any]) -> Example:
    return Example(
        row["change"],
        f"{row['marketplace']}/{row['listing_id']}",
        row["title"],
        row["brand"],
        row["rule_before"],
        row["rule"],
        row["verdict_before"],
        row["verdict"],
        tuple(json.loads(row["reasons"])),
    )
