"""Finds and ends processes of a stack that its supervisor no longer knows."""

import os

import psutil

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.folders import Folders

# Every process that a service starts inherits these from it.
STATE_MARKER, SERVICE_MARKER = "COUNTERFEIT_STATE_DIR", "COUNTERFEIT_SERVICE"
TERM_SECONDS = 5
KILL_SECONDS = 10


def end_stragglers(folders: Folders, service: str | None = None) -> None:
    """TERM, then KILL, what is left of this stack or of one service; raises ``StackError``."""
    # Children may be born while we look, so look until none is left.
    for _ in range(3):
        found = stragglers(folders, service)
        if not found:
            return
        for process in found:
            _signal(process, kill=False)
        _, alive = psutil.wait_procs(found, timeout=TERM_SECONDS)
        for process in alive:
            _signal(process, kill=True)
        psutil.wait_procs(alive, timeout=KILL_SECONDS)
    if left := stragglers(folders, service):
        pids = ", ".join(str(process.pid) for process in left)
        raise StackError(f"these processes cannot be ended: {pids}.")


def stragglers(folders: Folders, service: str | None = None) -> list[psutil.Process]:
    """Processes of this stack, or of one service, other than this one and its ancestors."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [
        one
        for one in psutil.process_iter()
        if one.pid not in own and (found := _service(one, folders)) and service in (None, found)
    ]


def _service(process: psutil.Process, folders: Folders) -> str | None:
    """The service of this stack to which a process belongs."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        # PostgreSQL writes its title over its environment, but always works in its data folder.
        if process.name() == "postgres" and process.cwd() == str(folders.postgres_data):
            return "postgres"
        environment = process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    ours = environment.get(STATE_MARKER) == str(folders.state)
    return environment.get(SERVICE_MARKER) if ours else None


def _signal(process: psutil.Process, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
