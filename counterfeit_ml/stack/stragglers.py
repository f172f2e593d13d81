"""Finds and ends processes of a stack that its supervisor no longer knows."""

import os

import psutil

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.folders import Folders

# Every process that a service starts inherits these from it.
STATE_MARKER, SERVICE_MARKER = "COUNTERFEIT_STATE_DIR", "COUNTERFEIT_SERVICE"
SUPERVISOR = "supervisord"
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
        if one.pid not in own and _is_left(one, folders, service)
    ]


def _is_left(process: psutil.Process, folders: Folders, service: str | None) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        found = _service(process, folders)
    except psutil.AccessDenied:
        return _is_hidden_orphan(process, folders)
    except psutil.NoSuchProcess:
        return False
    return found is not None and service in (None, found)


def _service(process: psutil.Process, folders: Folders) -> str | None:
    """The service of this stack to which a process belongs."""
    # PostgreSQL writes its title over its environment, but always works in its data folder.
    if process.name() == "postgres" and process.cwd() == str(folders.postgres_data):
        return "postgres"
    environment = process.environ()
    ours = environment.get(STATE_MARKER) == str(folders.state)
    return environment.get(SERVICE_MARKER) if ours else None


def _is_hidden_orphan(process: psutil.Process, folders: Folders) -> bool:
    """Whether an unreadable process was left by a service that is dead.

    Airflow hides a worker that ran a task even from its own user. Its session, supervisord's, and
    its process group, led by the service, can still be seen.
    """
    try:
        if process.uids().real != os.getuid() or not folders.supervisor_pid.exists():
            return False
        session = int(folders.supervisor_pid.read_text())
        group = os.getpgid(process.pid)
        return os.getsid(process.pid) == session and not psutil.pid_exists(group)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False


def _signal(process: psutil.Process, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
