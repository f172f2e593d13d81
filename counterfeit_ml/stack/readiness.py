"""Waits until services answer, and says how long each took."""

import time
from collections.abc import Sequence

from rich.console import Console

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.catalogue import Service
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import Process, Supervisor

# The slowest, MLflow or Airflow on a cold disk and two busy cores, was seen at 40 s.
TIMEOUT_SECONDS = 180
POLL_SECONDS = 0.1
TAIL_LINES = 15


def is_ready(stack: Stack, supervisor: Supervisor, service: Service) -> bool:
    """Whether the service's process runs and answers as itself."""
    process = supervisor.process(service.name)
    return process.wanted and service.ready(stack, process.started)


def wait_for(
    stack: Stack, supervisor: Supervisor, services: Sequence[Service], console: Console
) -> None:
    """Return when all are ready; ``StackError`` names the one that is not, with its log's end."""
    pending = list(services)
    end = time.monotonic() + TIMEOUT_SECONDS
    with console.status("") as spinner:
        while pending:
            spinner.update(f"waiting for {', '.join(one.name for one in pending)}")
            for one in list(pending):
                if is_ready(stack, supervisor, one):
                    pending.remove(one)
                    _say_ready(stack, supervisor.process(one.name), one, console)
            _check(stack, supervisor, pending, end)
            if pending:
                time.sleep(POLL_SECONDS)


def log_tail(stack: Stack, name: str, lines: int = TAIL_LINES) -> str:
    """The last lines of a service's log."""
    path = stack.folders.logs / f"{name}.log"
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    return "\n".join(text.splitlines()[-lines:])


def _check(stack: Stack, supervisor: Supervisor, pending: list[Service], end: float) -> None:
    late = time.monotonic() > end
    for one in pending:
        state = supervisor.process(one.name).state
        if late or state == "FATAL":
            raise StackError(
                f"{one.name} is not ready after {TIMEOUT_SECONDS} s ({state.lower()}). Its log "
                f"({stack.folders.logs / one.name}.log) ends:\n{log_tail(stack, one.name)}"
            )


def _say_ready(stack: Stack, process: Process, service: Service, console: Console) -> None:
    seconds = time.time() - process.started
    console.print(
        f"  [green]ready[/] {service.name:<22} {service.address(stack):<28} "
        f"{f'in {seconds:.0f} s' if seconds < TIMEOUT_SECONDS else 'already'}",
        highlight=False,
    )
