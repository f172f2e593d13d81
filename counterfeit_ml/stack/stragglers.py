"""Finds and ends processes of a stack that its supervisor no longer knows."""

import os

import psutil

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.folders import Folders

TERM_SECONDS = 5
KILL_SECONDS = 10


def end_stragglers(folders: Folders) -> None:
    """TERM, then KILL, whatever is left of this stack; raises ``StackError`` if that fails."""
    # Children may be born while we look, so look until none is left.
    for _ in range(3):
        found = stragglers(folders)
        if not found:
            return
        for process in found:
            _signal(process, kill=False)
        _, alive = psutil.wait_procs(found, timeout=TERM_SECONDS)
        for process in alive:
            _signal(process, kill=True)
        psutil.wait_procs(alive, timeout=KILL_SECONDS)
    if left := stragglers(folders):
        pids = ", ".join(str(process.pid) for process in left)
        raise StackError(f"these processes cannot be ended: {pids}.")


def stragglers(folders: Folders) -> list[psutil.Process]:
    """Processes that a service of this stack started and that still run."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [one for one in psutil.process_iter() if one.pid not in own and _ours(one, folders)]


def _ours(process: psutil.Process, folders: Folders) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        environment = process.environ()
        marked = (
            environment.get("COUNTERFEIT_STATE_DIR") == str(folders.state)
            and "COUNTERFEIT_SERVICE" in environment
        )
        # PostgreSQL writes its title over its environment, but always works in its data folder.
        return marked or (
            process.name() == "postgres" and process.cwd() == str(folders.postgres_data)
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _signal(process: psutil.Process, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
