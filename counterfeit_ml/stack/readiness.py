"""Whether services answer, each as itself and not as another program on its port."""

from typing import Any

import psutil

from counterfeit_ml.stack.catalogue import Service
from counterfeit_ml.stack.ports import is_free
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import Process


def is_ready(stack: Stack, service: Service, process: Process) -> bool:
    """Whether the service's own process answers."""
    first = service.ports(stack)[:1]
    own = process.wanted and listening(process.pid).issuperset(first)
    return own and service.ready(stack, process.started)


def taken_port(stack: Stack, service: Service, process: Process) -> int | None:
    """A port of the service on which another program listens."""
    busy = [port for port in service.ports(stack) if not is_free(port)]
    strange = set(busy) - listening(process.pid) if busy else set()
    return min(strange, default=None)


def listening(pid: int) -> set[int]:
    """The TCP ports on which a process or a descendant of it listens."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return set()
    return {
        connection.laddr.port
        for process in family
        for connection in _connections(process)
        if connection.status == psutil.CONN_LISTEN
    }


def _connections(process: psutil.Process) -> list[Any]:
    try:
        return list(process.net_connections("tcp"))
    # Airflow hides some of its processes even from their own user; those serve nothing.
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []
