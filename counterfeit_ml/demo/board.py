"""Shows the demo's stages as they go: redrawn at a terminal, a line each in a log."""

from contextlib import nullcontext
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table

from counterfeit_ml.demo.airflow_client import Run

ICONS = {"success": "[green]✔[/]", "failed": "[red]✘[/]", "running": "[yellow]▶[/]"}


@dataclass
class Stage:
    """One DAG of the demo and how far its run has come; ``took`` is in seconds."""

    dag_id: str
    run: Run | None = None
    tasks_done: int = 0
    tasks: int = 0
    took: float = 0.0

    @property
    def state(self) -> str:
        """As Airflow names it; waiting before there is a run."""
        return self.run.state if self.run else "waiting"

    @property
    def starter(self) -> str:
        """Who started the run."""
        if self.run is None:
            return ""
        return "its asset" if self.run.triggered_by == "asset" else "the demo"


class Board:
    """The stages of one day on a console; a context while they run."""

    def __init__(self, console: Console, title: str, stages: list[Stage]) -> None:
        self._console, self._title, self._stages = console, title, stages
        self._live = Live(console=console) if console.is_terminal else nullcontext()

    def __enter__(self) -> "Board":
        self._live.__enter__()
        self.show()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self) -> None:
        """Redraw, at a terminal."""
        if isinstance(self._live, Live):
            self._live.update(self._table())

    def finished(self, stage: Stage) -> None:
        """Say what became of ``stage``, in a log."""
        self.show()
        if not isinstance(self._live, Live):
            done = f"{stage.tasks_done} of {stage.tasks} tasks, {stage.took:.0f} s"
            self._console.print(f"  {stage.state:<8} {stage.dag_id} ({stage.starter}; {done})")

    def _table(self) -> Table:
        table = Table(title=self._title, title_justify="left")
        for column in ("", "DAG", "started by", "tasks", "seconds"):
            table.add_column(column)
        for stage in self._stages:
            table.add_row(
                ICONS.get(stage.state, "…"),
                stage.dag_id,
                stage.starter,
                f"{stage.tasks_done}/{stage.tasks}" if stage.tasks else "",
                f"{stage.took:.0f}" if stage.run else "",
            )
        return table
