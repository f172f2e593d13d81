"""Chooses the loopback ports of the stack: the usual one where it is free, else another."""

import random
import socket
from collections.abc import Collection, Mapping

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.settings import HOST

USUAL_PORTS = {
    "s3_port": 8333,
    "s3_master_port": 9333,
    "s3_volume_port": 9340,
    "s3_filer_port": 8888,
    "s3_admin_port": 9646,
    "postgres_port": 5432,
    "mlflow_port": 5000,
    "airflow_port": 8080,
    "marketplace_port": 8765,
    "broker_port": 6379,
}
# SeaweedFS puts the gRPC side of each of its ports this much higher.
GRPC_OFFSET = 10_000
# With the offset still below 32768, where the system begins to hand out ports by itself.
OTHER_PORTS = range(12_000, 22_000)


def choose_ports(
    wanted: Mapping[str, int] = USUAL_PORTS, reserved: Collection[int] = ()
) -> dict[str, int]:
    """A free port for each name of ``USUAL_PORTS``: the wanted one, or else any other.

    None of those ``reserved``, nor the one on which SeaweedFS would answer beside them.
    """
    chosen: dict[str, int] = {}
    for name, usual in USUAL_PORTS.items():
        given = [*reserved, *chosen.values()]
        taken = [*given, *(port + GRPC_OFFSET for port in given)]
        chosen[name] = _choose(wanted.get(name, usual), taken, name.startswith("s3_"))
    return chosen


def _choose(wanted: int, taken: Collection[int], grpc: bool) -> int:
    others = random.sample(OTHER_PORTS, k=200)
    for port in (wanted, *others):
        needed = (port, port + GRPC_OFFSET) if grpc else (port,)
        if all(one not in taken and is_free(one) for one in needed):
            return port
    raise StackError(f"no free port on {HOST} near {OTHER_PORTS}: close some programs.")


def is_free(port: int) -> bool:
    """Whether nobody listens on this loopback port."""
    with socket.socket() as probe:
        # A connection of a service just stopped may linger; only a listener is in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
