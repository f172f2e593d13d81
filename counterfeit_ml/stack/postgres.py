"""PostgreSQL: its command, its first initialisation, and whether it answers."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.databases import MAX_CONNECTIONS
from counterfeit_ml.stack.folders import UNPRIVILEGED, Folders, give_to_postgres
from counterfeit_ml.stack.settings import HOST, SUPERUSER
from counterfeit_ml.stack.stack import Stack

CONNECT_TIMEOUT_SECONDS = 5


def command(stack: Stack) -> list[str]:
    """PostgreSQL on the loopback port alone, without a unix socket."""
    return [
        str(stack.folders.postgres_binaries / "postgres"),
        *("-D", str(stack.folders.postgres_data)),
        *("-p", str(stack.own.postgres_port)),
        *("-c", f"listen_addresses={HOST}"),
        *("-c", "unix_socket_directories="),
        *("-c", f"max_connections={MAX_CONNECTIONS}"),
    ]


def drop_privileges() -> None:
    """Become PostgreSQL's user when root, for good."""
    if os.geteuid() == 0:
        os.chdir("/")
        os.setgroups([])
        os.setgid(UNPRIVILEGED)
        os.setuid(UNPRIVILEGED)


def initialise(stack: Stack) -> None:
    """Create the data directory unless it is there; raises ``StackError``."""
    data = stack.folders.postgres_data
    if data.exists():
        return
    # Under another name first: an interrupted initdb never looks like a finished one.
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=data.parent, prefix="password-") as file:
        file.write(stack.own.postgres_password.get_secret_value())
        file.flush()
        give_to_postgres(Path(file.name))
        _initdb(stack.folders, unfinished, Path(file.name))
    unfinished.rename(data)


def _initdb(folders: Folders, data: Path, password_file: Path) -> None:
    done = subprocess.run(  # noqa: S603
        [
            str(folders.postgres_binaries / "initdb"),
            *("-D", str(data), "-U", SUPERUSER, f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"),
        ],
        preexec_fn=drop_privileges,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"PostgreSQL cannot be set up in {data.parent}: {done.stderr.strip()}")


def connect(stack: Stack, database: str = "postgres") -> psycopg.Connection:
    """Autocommitting connection of the superuser; raises ``psycopg.OperationalError``."""
    uri = stack.own.database_uri(SUPERUSER, stack.own.postgres_password, database)
    return psycopg.connect(uri, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS)


def is_ready(stack: Stack) -> bool:
    """Whether a query is answered."""
    try:
        with connect(stack) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def airflow_version(stack: Stack) -> str | None:
    """The Airflow release that last migrated its database; None before the first."""
    with connect(stack) as connection:
        row = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname='airflow'"
        ).fetchone()
    return row[0] if row else None


def note_airflow_version(stack: Stack, version: str) -> None:
    """Remember, beside the data itself, which release migrated it."""
    with connect(stack) as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE airflow IS {}").format(sql.Literal(version))
        )
