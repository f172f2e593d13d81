"""Ingestion's results for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:  # a report of a run needs nothing of what a preview loads
    from counterfeit_ml.ingestion.preview import FieldRow, Preview

COUNTS = ("seen", "listed", "new", "changed", "unchanged", "repeated", "quarantined", "inactive")
WORK = (
    "pages_fetched",
    "pages_unchanged",
    "pages_left",
    "pictures",
    "pictures_fetched",
    "pictures_known",
    "pictures_stored",
    "rows",
    "bytes_fetched",
)
WORDS = {
    "quarantined": "refused",
    "inactive": "now inactive",
    "pictures": "pictures listed",
    "bytes_fetched": "fetched",
}
WIDEST_BAR = 40
LONGEST_WRITTEN = 200
"""Enough to recognise a description by."""


def summary_tables(summary: Mapping[str, Any]) -> RenderableType:
    """The counts of one marketplace's day, its refusals by reason, the work done."""
    title = f"{summary['marketplace']}, {summary['ds']}"
    parts: list[RenderableType] = [_counts(title, COUNTS, summary), _counts("", WORK, summary)]
    if summary["reasons"]:
        parts.append(_reasons(summary["reasons"]))
    if stopped := summary.get("stopped"):
        parts.append(Text(f"Stopped by {stopped}: the next run goes on."))
    return Group(*parts, "")


def preview_tables(preview: Preview) -> RenderableType:
    """One page's fields, verdict and hints. Its text is shown as it is, never as markup."""
    style = "bold green" if preview.listed else "bold red"
    return Group(
        Text(preview.url, style="bold"),
        _fields(preview.rows) if preview.rows else Text("The page shows no listing."),
        Text(f"picture  {preview.picture}"),
        Text(f"verdict  {preview.verdict}", style=style),
        *(Text(f"hint     {hint}") for hint in preview.hints),
    )


def _counts(title: str, names: tuple[str, ...], summary: Mapping[str, Any]) -> Table:
    known = [name for name in names if name in summary]
    table = Table(title=title or None, title_justify="left")
    for name in known:
        table.add_column(WORDS.get(name, name.replace("_", " ")), justify="right")
    table.add_row(*(_count(name, summary[name]) for name in known))
    return table


def _count(name: str, count: int) -> str:
    return decimal(count) if name == "bytes_fetched" else f"{count:,}"


def _reasons(reasons: Mapping[str, int]) -> Table:
    table = Table(title="Refused, by reason", title_justify="left", show_header=False, box=None)
    most = max(reasons.values())
    for reason, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0])):
        table.add_row(reason, f"{count:,}", "█" * max(1, WIDEST_BAR * count // most))
    table.columns[1].justify = "right"
    return table


def _fields(rows: Sequence[FieldRow]) -> Table:
    table = Table(title_justify="left")
    table.add_column("field", no_wrap=True)
    for column in ("as written", "becomes", "from"):
        table.add_column(column, overflow="fold")
    for row in rows:
        style = "red" if row.refused else "dim" if row.written is None else ""
        cells = (row.field, _short(row.written), _short(row.becomes), row.source or "")
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table


def _short(text: str | None) -> str:
    """Without control characters, which could command the terminal."""
    shown = "".join(char if char.isprintable() else " " for char in text or "—")
    return f"{shown[:LONGEST_WRITTEN]}…" if len(shown) > LONGEST_WRITTEN else shown
