"""Brings the stack up and down."""

import fcntl
import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack import airflow, broker, mlflow, postgres, seaweedfs
from counterfeit_ml.stack.catalogue import groups
from counterfeit_ml.stack.credentials import read_credentials, workers_of, write_credentials
from counterfeit_ml.stack.databases import ensure_databases
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.neighbours import alone_among_stacks, neighbours_ports
from counterfeit_ml.stack.ports import USUAL_PORTS, choose_ports
from counterfeit_ml.stack.settings import HOST
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.startup import PortTakenError, Startup
from counterfeit_ml.stack.stragglers import end_stragglers
from counterfeit_ml.stack.supervisor import Supervisor

# Another program, or a stack of another user, may take a port just found free.
ATTEMPTS = 3


def up(
    console: Console, services: Collection[str] | None = None, workers: int | None = None
) -> None:
    """Start ``services`` (all) and wait until each is ready; what runs already is left alone.

    ``workers`` is the number of Celery workers, none unless given; a stack that runs with another
    number is started again. Raises ``StackError`` that names the service which does not start.
    Interrupted, it stops what it started.
    """
    folders = Folders()
    folders.check_ours()
    folders.check_whole()
    began = time.monotonic()
    with _alone(folders, console), _term_interrupts():
        reused = _is_reusable(folders, console, workers)
        try:
            _up(folders, console, services, None if reused else workers or 0)
        except KeyboardInterrupt:
            if not reused:
                with _undisturbed():
                    console.print("interrupted: stopping what was started")
                    _stop(folders)
            raise
    seconds = time.monotonic() - began
    console.print(f"[green]up[/] in {seconds:.1f} s; `counterfeit status` shows it")


def down(console: Console, purge: bool = False) -> None:
    """Stop every service; with ``purge`` delete all data too. Raises ``StackError``."""
    folders = Folders()
    if not (folders.state.exists() or folders.outside.exists()):
        console.print("nothing runs and there is no data")
        return
    with _alone(folders, console), console.status("stopping"):
        _stop(folders)
        if purge:
            folders.purge()
    console.print("stopped, all data deleted" if purge else "stopped; the data stays")


def _is_reusable(folders: Folders, console: Console, workers: int | None) -> bool:
    """Whether the stack runs, and as it is wanted; else it does not run any more."""
    if not Supervisor(folders).runs():
        return False
    found = workers_of(folders.env_file)
    if workers in (None, found):
        return True
    console.print(f"the stack has {found} workers: starting it again with {workers}")
    _stop(folders)
    return False


def _up(
    folders: Folders, console: Console, services: Collection[str] | None, workers: int | None
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _start(_settle(folders, console, workers), services)
        except PortTakenError as error:
            if attempt == ATTEMPTS:
                raise
            console.print(f"{error} Doing so.")
            _stop(folders)
        else:
            return


def _settle(folders: Folders, console: Console, workers: int | None) -> Startup:
    """Folders, credentials, ports and supervisord; this runs already where ``workers`` is None."""
    folders.create()
    supervisor = Supervisor(folders)
    if workers is not None:
        end_stragglers(folders)
        with alone_among_stacks():
            _choose_addresses(folders, workers)
            # From now on others see that these ports are ours, whenever they are used.
            supervisor.start()
    stack = Stack.load(folders)
    postgres.initialise(stack)
    for one in (seaweedfs, mlflow, airflow, broker):
        one.prepare(stack)
    return Startup(stack, supervisor, console, fresh=workers is not None)


def _choose_addresses(folders: Folders, workers: int) -> None:
    known = read_credentials(folders.env_file)
    if not known and folders.postgres_data.exists():
        raise StackError(
            f"{folders.env_file} is gone, and the data cannot be opened without its passwords: "
            "put it back, or delete the data with `counterfeit down --purge`."
        )
    before = {name: int(known[name]) for name in USUAL_PORTS if name in known}
    write_credentials(folders.env_file, choose_ports(before, neighbours_ports()), workers)


def _start(startup: Startup, services: Collection[str] | None) -> None:
    # Here, because every service's wrapper passes through this module and needs no pandas.
    from counterfeit_ml.warehouse import Warehouse

    stack = startup.stack
    storage, middle, orchestration = (
        [one for one in group if services is None or one.name in services]
        for group in groups(stack.own.workers)
    )
    startup.launch(storage)
    startup.wait(storage)
    ensure_databases(stack.own, f"{HOST}:{stack.own.postgres_port}")
    Warehouse(stack.settings).migrate()
    startup.launch(middle)
    if orchestration:
        with startup.console.status("migrating Airflow's database"):
            airflow.migrate(stack)
        startup.launch(orchestration)
    startup.wait([*middle, *orchestration])
    if orchestration:
        airflow.ensure_objects(stack)


def _stop(folders: Folders) -> None:
    supervisor = Supervisor(folders)
    with _undisturbed():
        if supervisor.runs():
            known = supervisor.names()
            for group in reversed(groups(workers_of(folders.env_file))):
                supervisor.stop_services([one.name for one in group if one.name in known])
            supervisor.shut_down()
        end_stragglers(folders)
        if folders.env_file.exists():
            seaweedfs.remove_sockets(read_credentials(folders.env_file))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Within, Ctrl-C does nothing: an impatient second one would leave half a stack running."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _alone(folders: Folders, console: Console) -> Iterator[None]:
    """Hold the stack's lock: one ``up`` or ``down`` at a time."""
    while True:
        folders.state.mkdir(parents=True, exist_ok=True)
        with folders.lock.open("w") as file:
            _lock(file, console)
            # The one before us may have deleted the file together with all data.
            if os.fstat(file.fileno()).st_nlink:
                yield
                return


def _lock(file: IO[str], console: Console) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        console.print("another `counterfeit up` or `down` is at work: waiting for it")
        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def _term_interrupts() -> Iterator[None]:
    """Within, TERM interrupts as Ctrl-C does, so that both clean up."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
