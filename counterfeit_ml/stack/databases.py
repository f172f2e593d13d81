"""The roles and databases that the platform needs in PostgreSQL, and the warehouse's tables.

``python -m counterfeit_ml.stack.databases HOST:PORT`` makes them with the containers, of which
``COUNTERFEIT_POSTGRES_PASSWORD`` and the others of ``.env`` are the passwords.
"""

import sys

import psycopg
from psycopg import sql
from pydantic import SecretStr

from counterfeit_ml.errors import StackError
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack.settings import READER, SUPERUSER, DatabasePasswords

CONNECT_TIMEOUT_SECONDS = 5
READERS, MAX_CONNECTIONS = 200, 300
"""Analysts' connections at once, and all: the rest is Airflow's, MLflow's and the platform's."""
# What else anyone may do who may read: large objects are in no schema that could be closed, and
# messages fill the log of changes.
WRITING_FUNCTIONS = (
    *("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)"),
    "pg_logical_emit_message(boolean, text, text, boolean)",
    "pg_logical_emit_message(boolean, text, bytea, boolean)",
)
PRIVATE = ("airflow", "mlflow", "warehouse", "postgres", "template1")


def ensure_databases(passwords: DatabasePasswords, address: str) -> None:
    """Create the databases ``airflow``, ``mlflow``, ``warehouse``, each for its own role only.

    ``address`` is PostgreSQL's host and port. What is there already is brought up to date. Raises
    ``StackError``.
    """
    try:
        with _connect(passwords, address, "postgres") as connection:
            for role, password in _roles(passwords).items():
                _ensure_role(connection, role, password)
            for name, owner in (("airflow",) * 2, ("mlflow",) * 2, ("warehouse", SUPERUSER)):
                _ensure_database(connection, name, owner)
            _let_in(connection)
        with _connect(passwords, address, "warehouse") as connection:
            _divide_warehouse(connection)
    except psycopg.Error as error:
        raise StackError(
            f"PostgreSQL at {address} cannot be given the platform's roles and databases: "
            f"{str(error).strip()}"
        ) from error


def _connect(passwords: DatabasePasswords, address: str, database: str) -> psycopg.Connection:
    secret = passwords.postgres_password.get_secret_value()
    uri = f"postgresql://{SUPERUSER}:{secret}@{address}/{database}"
    return psycopg.connect(uri, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS)


def _roles(passwords: DatabasePasswords) -> dict[str, SecretStr]:
    return {
        "platform": passwords.platform_password,
        READER: passwords.bi_reader_password,
        "airflow": passwords.airflow_database_password,
        "mlflow": passwords.mlflow_database_password,
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


def _let_in(connection: psycopg.Connection) -> None:
    """Each role into its own database; the reader and the platform into the warehouse."""
    for database in PRIVATE:
        connection.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
        )
    reader = sql.Identifier(READER)
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE warehouse TO {}").format(reader))
    # A role may change its own settings, and its password: see `_ensure_role`.
    readers = f"CONNECTION LIMIT {READERS}"
    for settings in ("RESET ALL", "SET default_transaction_read_only = on", readers):
        connection.execute(sql.SQL("ALTER ROLE {} {}").format(reader, sql.SQL(settings)))
    # It was the platform's own in installations made before.
    connection.execute(
        sql.SQL("ALTER DATABASE warehouse OWNER TO {}").format(sql.Identifier(SUPERUSER))
    )
    connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE warehouse TO platform")


def _divide_warehouse(connection: psycopg.Connection) -> None:
    """The platform has its schema and nothing else; the reader may read what it creates there."""
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


def main(address: str) -> None:
    """Make all of it, or bring it up to date."""
    # Here, because every service's wrapper passes through this module and needs no pandas.
    from counterfeit_ml.warehouse import Warehouse

    ensure_databases(DatabasePasswords.load(), address)
    Warehouse(Settings.load()).migrate()


if __name__ == "__main__":
    main(sys.argv[1])
