"""Brings the stack up and down."""

import fcntl
import importlib.util
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from rich.console import Console

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack import airflow, postgres
from counterfeit_ml.stack.catalogue import GROUPS, MARKETPLACE, SERVICES, Service
from counterfeit_ml.stack.credentials import read_credentials, write_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.ports import USUAL_PORTS, choose_ports
from counterfeit_ml.stack.readiness import wait_for
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.stragglers import end_stragglers
from counterfeit_ml.stack.supervisor import Supervisor
from counterfeit_ml.warehouse import Warehouse


def up(console: Console, services: Collection[str] = tuple(SERVICES)) -> None:
    """Start ``services`` (all) and wait until each is ready; what runs already is left alone.

    Raises ``StackError`` that names the service which does not start. Interrupted, it stops what
    it started.
    """
    folders = Folders()
    began = time.monotonic()
    with _alone(folders, console):
        supervisor = Supervisor(folders)
        reused = supervisor.runs()
        try:
            stack = _settle(folders, supervisor, reused)
            _start(stack, supervisor, console, services)
        except KeyboardInterrupt:
            if not reused:
                console.print("interrupted: stopping what was started")
                _stop(folders)
            raise
    console.print(
        f"[green]up[/] in {time.monotonic() - began:.1f} s; `counterfeit status` shows it"
    )


def down(console: Console, purge: bool = False) -> None:
    """Stop every service; with ``purge`` delete all data too. Raises ``StackError``."""
    folders = Folders()
    if not folders.state.exists():
        console.print("nothing runs and there is no data")
        return
    with _alone(folders, console), console.status("stopping"):
        _stop(folders)
        if purge:
            folders.purge()
    console.print("stopped, all data deleted" if purge else "stopped; the data stays")


def _settle(folders: Folders, supervisor: Supervisor, reused: bool) -> Stack:
    """Credentials, ports and supervisord."""
    folders.create()
    if not reused:
        end_stragglers(folders)
        _choose_addresses(folders)
    stack = Stack.load(folders)
    postgres.initialise(stack)
    airflow.prepare(stack)
    if not reused:
        supervisor.start()
    return stack


def _choose_addresses(folders: Folders) -> None:
    known = read_credentials(folders.env_file)
    if not known and folders.postgres_data.exists():
        raise StackError(
            f"{folders.env_file} is gone, and the data cannot be opened without its passwords: "
            "put it back, or delete the data with `counterfeit down --purge`."
        )
    before = {name: int(known[name]) for name in USUAL_PORTS if name in known}
    write_credentials(folders.env_file, choose_ports(before))


def _start(
    stack: Stack, supervisor: Supervisor, console: Console, services: Collection[str]
) -> None:
    storage, middle, schedulers = (
        [one for one in group if one.name in services and _exists(one)] for group in GROUPS
    )
    _launch(supervisor, storage)
    wait_for(stack, supervisor, storage, console)
    postgres.ensure_databases(stack)
    Warehouse(stack.settings).migrate()
    _launch(supervisor, middle)
    if schedulers:
        with console.status("migrating Airflow's database"):
            airflow.migrate(stack)
        _launch(supervisor, schedulers)
    wait_for(stack, supervisor, [*middle, *schedulers], console)
    if schedulers:
        airflow.ensure_connections(stack)


def _launch(supervisor: Supervisor, group: list[Service]) -> None:
    for one in group:
        supervisor.start_service(one.name)


def _exists(service: Service) -> bool:
    if service.name != MARKETPLACE:
        return True
    try:
        return importlib.util.find_spec("counterfeit_ml.sample_marketplace.server") is not None
    except ModuleNotFoundError:
        return False


def _stop(folders: Folders) -> None:
    supervisor = Supervisor(folders)
    if supervisor.runs():
        for group in reversed(GROUPS):
            supervisor.stop_services([one.name for one in group])
        supervisor.shut_down()
    end_stragglers(folders)


@contextmanager
def _alone(folders: Folders, console: Console) -> Iterator[None]:
    """Hold the stack's lock: one ``up`` or ``down`` at a time."""
    folders.state.mkdir(parents=True, exist_ok=True)
    with folders.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("another `counterfeit up` or `down` is at work: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
