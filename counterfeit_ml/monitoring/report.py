"""A day's drift for a terminal and for a person's decision."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring.days import DayDrift, day_drift, drift_of
from counterfeit_ml.monitoring.features import FEATURES
from counterfeit_ml.settings import Settings

ORDER = tuple(FEATURES)
STYLES = {"severe": "bold red", "moderate": "yellow", "stable": "green"}


def drift_table(day: DayDrift, rows: Iterable[Mapping[str, Any]]) -> RenderableType:
    """Every feature of the day with its index, its severity and what has moved."""
    table = Table(title=f"Drift of {day.ds}, model {day.model_version}", title_justify="left")
    table.add_column("feature", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    for column in ("PSI", "by chance", "JS distance", "rows", "reference"):
        table.add_column(column, justify="right")
    table.add_column("moved most: before → that day")
    for row in in_order(rows):
        style = STYLES.get(row["severity"], "dim")
        figures = (_figure(row[name]) for name in ("psi", "psi_by_chance", "js_distance"))
        table.add_row(
            Text(row["feature"]),
            Text(row["severity"], style=style),
            *figures,
            f"{row['rows']:,}",
            f"{row['reference_rows']:,}",
            Text(moved(row) or "—"),
        )
    return Group(table, Text(verdict(day)))


def in_order(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As the features are listed in the code: scores, then pictures."""
    known = (row for row in rows if row["feature"] in FEATURES)
    return sorted(known, key=lambda row: ORDER.index(row["feature"]))


def moved(row: Mapping[str, Any]) -> str | None:
    """The bin whose share has changed most, and both shares."""
    if row["moved"] is None:
        return None
    place = row["bins"].index(row["moved"])
    before = row["reference_counts"][place] / row["reference_rows"]
    return f"{row['moved']}: {before:.1%} → {row['counts'][place] / row['rows']:.1%}"


def verdict(day: DayDrift) -> str:
    """The day in a sentence."""
    if not day.reference_days:
        return "The first day that is compared: it is a reference for the next ones."
    if day.proposed:
        return f"Severe drift of {', '.join(day.proposed)}: a retraining is proposed."
    if day.severe:
        return f"Severe drift of {', '.join(day.severe)}, as the day before."
    if day.moderate:
        return f"Moderate drift of {', '.join(day.moderate)}: worth a look."
    return "No drift."


def proposal_of(settings: Settings, ds: str) -> str | None:
    """What a person reads who decides on a retraining, where day ``ds`` asks for one."""
    lake = Lake(settings)
    day = day_drift(lake, ds)
    return proposal(day, drift_of(lake, ds)) if day.proposed else None


def proposal(day: DayDrift, rows: Iterable[Mapping[str, Any]]) -> str:
    """The newly severe features of a day and what to do, in Markdown."""
    lines = [
        f"* **{row['feature']}** ({FEATURES[row['feature']].about}): PSI {row['psi']:.2f}, where "
        f"0.25 is severe. {moved(row)}."
        for row in in_order(rows)
        if row["feature"] in day.proposed
    ]
    head = f"The listings of {day.ds} differ from those of the {day.reference_days} days before:"
    advice = (
        "The page *Drift* in the menu shows both histograms. Retraining helps where labels of such "
        "pictures are in the lake; a fault of a source is mended there. Without an answer nothing "
        "is retrained."
    )
    return "\n".join([head, "", *lines, "", advice])


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
