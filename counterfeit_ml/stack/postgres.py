"""PostgreSQL: its first initialisation, and the roles and databases the platform needs."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.folders import UNPRIVILEGED, Folders, give_to_postgres
from counterfeit_ml.stack.settings import HOST, READER, StackSettings
from counterfeit_ml.stack.stack import Stack

SUPERUSER = "postgres"
CONNECT_TIMEOUT_SECONDS = 5
# What else anyone may do who may read: large objects are in no schema that could be closed, and
# messages fill the log of changes.
WRITING_FUNCTIONS = (
    *("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)"),
    "pg_logical_emit_message(boolean, text, text, boolean)",
    "pg_logical_emit_message(boolean, text, bytea, boolean)",
)


def command(stack: Stack) -> list[str]:
    """PostgreSQL on the loopback port alone, without a unix socket."""
    return [
        str(stack.folders.postgres_binaries / "postgres"),
        *("-D", str(stack.folders.postgres_data)),
        *("-p", str(stack.own.postgres_port)),
        *("-c", f"listen_addresses={HOST}"),
        *("-c", "unix_socket_directories="),
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


def ensure_databases(stack: Stack) -> None:
    """Create the databases ``airflow``, ``mlflow``, ``warehouse``, each for its own role only."""
    with connect(stack) as connection:
        for role, password in _passwords(stack.own).items():
            _ensure_role(connection, role, password)
        _ensure_database(connection, "airflow", "airflow")
        _ensure_database(connection, "mlflow", "mlflow")
        _ensure_database(connection, "warehouse", SUPERUSER)
        for database in ("airflow", "mlflow", "warehouse", "postgres", "template1"):
            connection.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
            )
        reader = sql.Identifier(READER)
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE warehouse TO {}").format(reader))
        # A role may change its own settings, and its password: see `_ensure_role`.
        for settings in ("RESET ALL", "SET default_transaction_read_only = on"):
            connection.execute(sql.SQL("ALTER ROLE {} {}").format(reader, sql.SQL(settings)))
        # It was the platform's own in installations made before.
        connection.execute(
            sql.SQL("ALTER DATABASE warehouse OWNER TO {}").format(sql.Identifier(SUPERUSER))
        )
        connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE warehouse TO platform")
    _divide_warehouse(stack)


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


def _passwords(own: StackSettings) -> dict[str, SecretStr]:
    return {
        "platform": own.platform_password,
        READER: own.bi_reader_password,
        "airflow": own.airflow_database_password,
        "mlflow": own.mlflow_database_password,
    }


def _ensure_role(connection: psycopg.Connection, role: str, password: SecretStr) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    # The server is sent a verifier, so the password can stand in none of its logs.
    verifier = connection.pgconn.encrypt_password(
        password.get_secret_value().encode(), role.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
            sql.SQL("ALTER" if known else "CREATE"),
            sql.Identifier(role),
            sql.Literal(verifier.decode()),
        )
    )


def _ensure_database(connection: psycopg.Connection, name: str, owner: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname=%s", [name]).fetchone():
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
        )


def _divide_warehouse(stack: Stack) -> None:
    """The platform has its schema and nothing else; the reader may read what it creates there."""
    with connect(stack, "warehouse") as connection:
        for grant in ("USAGE ON SCHEMAS", "SELECT ON TABLES"):
            connection.execute(
                sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE platform GRANT {} TO {}").format(
                    sql.SQL(grant), sql.Identifier(READER)
                )
            )
        connection.execute("CREATE SCHEMA IF NOT EXISTS warehouse AUTHORIZATION platform")
        for function in WRITING_FUNCTIONS:
            revoked = f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC"
            connection.execute(revoked.encode())
