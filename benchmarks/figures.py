"""How every benchmark says what it measured: one table, and the same figures as JSON."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

Figures = dict[str, float]


def report(
    title: str, figures: Figures, wanted: Mapping[str, str], out: Path, digits: int = 3
) -> None:
    """Print the figures beside what is wanted of them, and write them to ``out``."""
    table = Table("figure", "measured", "wanted", title=title)
    for name, value in figures.items():
        table.add_row(name, f"{value:,.{digits}f}", wanted.get(name, ""))
    Console().print(table)
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(figures, indent=1))
