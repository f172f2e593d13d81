"""Starts services, waits until each is ready, and says how long it took."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.catalogue import Service
from counterfeit_ml.stack.readiness import is_ready, taken_port
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import Process, Supervisor

# The slowest, MLflow or Airflow on a cold disk and two busy cores, was seen at 40 s.
TIMEOUT_SECONDS = 180
POLL_SECONDS = 0.1
TAIL_LINES = 15


class PortTakenError(StackError):
    """Another program listens where a service of this stack should."""


@dataclass
class Startup:
    """One `up` on a supervisord that runs."""

    stack: Stack
    supervisor: Supervisor
    console: Console
    fresh: bool
    launched: set[str] = field(default_factory=set)

    def launch(self, services: Iterable[Service]) -> None:
        """Start those that do not run, without waiting for them."""
        for one in services:
            if self.supervisor.start_service(one.name):
                self.launched.add(one.name)

    def wait(self, services: Iterable[Service]) -> None:
        """Return when all are ready.

        Raises ``StackError`` that names the one which is not, with the end of its log, and
        ``PortTakenError``.
        """
        pending = list(services)
        end = time.monotonic() + TIMEOUT_SECONDS
        with self.console.status("") as spinner:
            while pending:
                spinner.update(f"waiting for {', '.join(one.name for one in pending)}")
                pending = [one for one in pending if not self._arrived(one, end)]
                time.sleep(POLL_SECONDS if pending else 0)

    def _arrived(self, service: Service, end: float) -> bool:
        process = self.supervisor.process(service.name)
        if is_ready(self.stack, service, process):
            self._say_ready(service, process)
            return True
        if self.fresh:
            self._check_ports(service, process)
        if process.state == "FATAL" or time.monotonic() > end:
            raise StackError(
                f"{service.name} does not get ready ({process.state.lower()}). Its log, "
                f"{self._log(service)}, ends:\n{_tail(self._log(service))}"
            )
        return False

    def _check_ports(self, service: Service, process: Process) -> None:
        if port := taken_port(self.stack, service, process):
            raise PortTakenError(
                f"port {port}, which {service.name} needs, was just taken by another program: "
                "`counterfeit down`, then `counterfeit up` chooses another."
            )

    def _log(self, service: Service) -> Path:
        return self.stack.folders.logs / f"{service.name}.log"

    def _say_ready(self, service: Service, process: Process) -> None:
        seconds = f"in {time.time() - process.started:.0f} s"
        took = seconds if service.name in self.launched else "already"
        address = service.address(self.stack)
        self.console.print(
            f"  [green]ready[/] {service.name:<22} {address:<28} {took}", highlight=False
        )


def _tail(log: Path) -> str:
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])
