"""What came of the demo: counts, flags against the truth, and where to look."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from counterfeit_ml.datasets import LISTINGS, QUARANTINE, SCORED_LISTINGS
from counterfeit_ml.demo.inputs import DemoInput, Truth
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import AIRFLOW_USER, StackSettings
from counterfeit_ml.warehouse import Warehouse

SHOWN_FLAGS = 10
COUNTS = ("seen", "quarantined", "listed", "scored", "flagged", "review")


@dataclass(frozen=True)
class Outcome:
    """Counts of one marketplace's day; precision and recall of what is flagged as counterfeit.

    ``flags`` are these, and ``review`` is how many more a person should look at.
    """

    seen: int
    listed: int
    quarantined: int
    scored: int
    flagged: int
    review: int
    precision: float
    recall: float
    refusals: list[tuple[str, int, int]]
    flags: list[dict[str, Any]]


def measure(settings: Settings, day: str, demo_input: DemoInput) -> Outcome:
    """Read the day back from lake and warehouse, and hold it against the truth."""
    lake, truth, name = Lake(settings), Truth.read(demo_input.truth), demo_input.marketplace
    summary = lake.manifest(LISTINGS, ds=day, marketplace=name).summary
    scored = lake.read(SCORED_LISTINGS, ["marketplace", "listing_id"], ds=day)
    ours = [one for one in scored["marketplace"].to_pylist() if one == name]
    found = Warehouse(settings).query(
        "SELECT * FROM warehouse.flagged_listings WHERE ds = %s AND marketplace = %s "
        "ORDER BY price_ratio, listing_id",
        day,
        name,
    )
    flags = [one for one in found if one["verdict"] == "counterfeit"]
    flagged = {one["listing_id"] for one in flags}
    hits = len(flagged & truth.counterfeit)
    refused = lake.read(QUARANTINE, ds=day, marketplace=name)
    return Outcome(
        summary["seen"],
        summary["listed"],
        summary["quarantined"],
        len(ours),
        len(flagged),
        len(found) - len(flags),
        hits / len(flagged) if flagged else 0.0,
        hits / len(truth.counterfeit) if truth.counterfeit else 1.0,
        _refusals(refused, truth),
        flags,
    )


def _refusals(quarantine: pa.Table, truth: Truth) -> list[tuple[str, int, int]]:
    """For each reason: how many were refused for it, and how many of these rightly."""
    counts: dict[str, list[int]] = {}
    for row in quarantine.select(["listing_id", "reason"]).to_pylist():
        count = counts.setdefault(row["reason"], [0, 0])
        count[0] += 1
        # What is not even JSON has no listing_id to look up.
        expected = truth.refused.get(row["listing_id"], "not_json")
        count[1] += expected == row["reason"]
    return [(reason, all_, right) for reason, (all_, right) in sorted(counts.items())]


def show(
    console: Console, outcome: Outcome, day: str, own: StackSettings, settings: Settings
) -> None:
    """Print the flags, the counts and where to look."""
    console.print(_flags(outcome, day))
    console.print(_stages(outcome))
    if outcome.refusals:
        console.print(_refused(outcome))
    console.print(_doors(own, settings))


def _flags(outcome: Outcome, day: str) -> Table:
    shown = min(SHOWN_FLAGS, outcome.flagged)
    title = f"warehouse.flagged_listings of {day}: {shown} of {outcome.flagged}"
    table = Table(title=title, title_justify="left")
    for column in ("listing", "brand", "confidence", "price", "USD", "floor", "title"):
        right = column in {"confidence", "price", "USD", "floor"}
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    for flag in outcome.flags[:SHOWN_FLAGS]:
        table.add_row(
            flag["listing_id"],
            flag["brand"],
            _figure(flag["confidence"], ".3f"),
            f"{flag['price']:,.2f} {flag['currency']}",
            f"{flag['price_usd']:,.2f}",
            _figure(flag["price_floor_usd"], ",.0f"),
            flag["title"],
        )
    return table


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _stages(outcome: Outcome) -> Table:
    table = Table(title="Stages", title_justify="left")
    for column in (*COUNTS, "precision", "recall"):
        table.add_column(column, justify="right")
    table.add_row(
        *(str(getattr(outcome, name)) for name in COUNTS),
        f"{outcome.precision:.3f}",
        f"{outcome.recall:.3f}",
    )
    return table


def _refused(outcome: Outcome) -> Table:
    table = Table(title="Quarantine, by reason", title_justify="left")
    for column in ("reason", "records", "as the truth says"):
        table.add_column(column, justify="left" if column == "reason" else "right")
    for reason, records, right in outcome.refusals:
        table.add_row(reason, str(records), str(right))
    return table


def _doors(own: StackSettings, settings: Settings) -> Table:
    table = Table(title="Where to look", title_justify="left", show_header=False)
    table.add_row("Airflow", f"{own.airflow_url}  (user {AIRFLOW_USER})")
    table.add_row("Data Docs", f"{own.airflow_url}/plugin/data_docs  (in Airflow's menu)")
    table.add_row("MLflow", f"{settings.mlflow_uri}  (user {settings.mlflow_username})")
    table.add_row("Warehouse", ".venv/bin/counterfeit psql  (role bi_reader, reads only)")
    table.add_row("Passwords", ".venv/bin/counterfeit login")
    table.add_row("Stop it", "make down")
    return table
