"""The table of what came of each fault at each stage."""

import pytest
from rich.console import Console
from rich.table import Table

from counterfeit_ml.settings import ROOT
from tests.faults.faults import FAULTS
from tests.faults.stages import STAGES

WIDTH = 150
LOST, NOT_RUN = "LOST", "not run"
MARKDOWN = ROOT / "build" / "faults.md"
OUTCOMES = pytest.StashKey[dict[tuple[str, str], str]]()
"""By fault and stage."""
Outcomes = dict[tuple[str, str], str]


def show(outcomes: Outcomes) -> None:
    """Print the table, and write it as Markdown for docs/faults.md."""
    if not outcomes:
        return
    names = [stage.name for stage in STAGES]
    table = Table("fault", *names, title="What came of each fault at each stage")
    for fault in FAULTS:
        table.add_row(fault, *_cells(outcomes, fault))
    console = Console(width=WIDTH)
    console.print(table)
    MARKDOWN.parent.mkdir(exist_ok=True)
    MARKDOWN.write_text(_markdown(outcomes, names), encoding="utf-8")
    lost = list(outcomes.values()).count(LOST)
    console.print(f"{len(outcomes)} cases, {lost} lost; as Markdown in {MARKDOWN}")


def _cells(outcomes: Outcomes, fault: str) -> list[str]:
    return [outcomes.get((fault, stage.name), NOT_RUN) for stage in STAGES]


def _markdown(outcomes: Outcomes, names: list[str]) -> str:
    head = [["fault", *names], ["---"] * (len(names) + 1)]
    lines = [*head, *([fault, *_cells(outcomes, fault)] for fault in FAULTS)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
