"""Which process does a piece of work, whether it is still there, and the cores that it has."""

import os
import socket
import time

import psutil

# Processes of other machines cannot be looked at; no training takes that long.
ELSEWHERE_SECONDS = 24 * 3600


def cores() -> int:
    """Cores that this process may use: ``taskset`` and Celery's hosts may have given it a few."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def current() -> str:
    """This process: machine, process id, and when it began (ids are given again)."""
    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.0f}"


def is_gone(process: str, since: float) -> bool:
    """Whether a process as ``current`` named it, at work ``since`` (epoch seconds), has ended.

    Also true of this process: what it has begun and no longer does.
    """
    try:
        machine, pid, began = process.rsplit(" ", 2)
        number, second = int(pid), float(began)
    except ValueError:
        return False
    if machine != socket.gethostname():
        return time.time() - since > ELSEWHERE_SECONDS
    try:
        alive = abs(psutil.Process(number).create_time() - second) < 2
    except psutil.NoSuchProcess:
        return True
    return not alive or number == os.getpid()
