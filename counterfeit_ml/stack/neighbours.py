"""The other stacks on this machine: which ports are theirs, listened on or not yet."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.credentials import read_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.ports import USUAL_PORTS
from counterfeit_ml.stack.stragglers import SERVICE_MARKER, STATE_MARKER, SUPERVISOR

LOCK = Path(f"/var/tmp/counterfeit-ports-{os.geteuid()}.lock")  # noqa: S108 - opened with care


@contextmanager
def alone_among_stacks() -> Iterator[None]:
    """Hold the lock under which a stack of this user chooses its ports; raises ``StackError``."""
    try:
        descriptor = os.open(LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StackError(f"{LOCK} cannot be opened, delete it: {error.strerror}.") from error
    with os.fdopen(descriptor, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def neighbours_ports() -> set[int]:
    """Ports of every stack whose supervisor runs, for it may start the service at any time."""
    known = [read_credentials(Folders(state).env_file) for state in _supervised()]
    return {int(values[name]) for values in known for name in USUAL_PORTS if name in values}


def _supervised() -> set[Path]:
    """State folders with a supervisor, as far as this user may see."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environment = process.environ()
            if environment.get(SERVICE_MARKER) == SUPERVISOR:
                found.add(Path(environment[STATE_MARKER]))
    return found
