"""What `counterfeit status` and `counterfeit logs` show."""

import subprocess
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.alerts import recent_alerts
from counterfeit_ml.stack.catalogue import Service, service, services
from counterfeit_ml.stack.credentials import workers_of
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.readiness import is_ready
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import Supervisor


def show_status(console: Console) -> int:
    """Print a table of the services, and the last day's alerts; 0 when each is healthy, else 1."""
    folders = Folders()
    supervisor = Supervisor(folders)
    if not supervisor.runs():
        console.print("the stack is down: `counterfeit up` starts it")
        return 1
    states = _states(Stack.load(folders), supervisor)
    table = Table("service", "state", "address", caption="counterfeit logs SERVICE shows its log")
    for name, (state, address) in states.items():
        colour = "green" if state == "healthy" else "red"
        table.add_row(name, f"[{colour}]{state}[/]", address)
    console.print(table)
    for alert in recent_alerts(folders):
        console.print(_sentence(alert))
    return 0 if all(state == "healthy" for state, _ in states.values()) else 1


def _sentence(alert: dict[str, Any]) -> Text:
    """Not as markup: a run is named as somebody likes."""
    about = " ".join(filter(None, (alert["dag_id"], alert["day"], alert["what"])))
    words = f" {alert['at']} {about}: see {alert['runbook']}; {alert['url']}"
    return Text.assemble(("alert", "bold red"), words)


def show_log(console: Console, name: str, follow: bool = False, lines: int = 50) -> None:
    """Print the end of a service's log, and go on with ``follow`` until interrupted."""
    folders = Folders()
    path = folders.logs / f"{service(name, workers_of(folders.env_file)).name}.log"
    if not path.exists():
        raise StackError(f"{path} does not exist: {name} has not been started yet.")
    tail = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(path)]
    try:
        subprocess.run(tail, check=False)  # noqa: S603
    except KeyboardInterrupt:
        return


def _states(stack: Stack, supervisor: Supervisor) -> dict[str, tuple[str, str]]:
    return {
        one.name: (_state(stack, supervisor, one), one.address(stack))
        for one in services(stack.own.workers).values()
    }


def _state(stack: Stack, supervisor: Supervisor, service: Service) -> str:
    process = supervisor.process(service.name)
    if process.state != "RUNNING":
        return process.state.lower()
    return "healthy" if is_ready(stack, service, process) else "running, not ready"
