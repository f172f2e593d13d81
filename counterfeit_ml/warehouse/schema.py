"""The warehouse's schema: numbered migrations, each applied once."""

from importlib.resources import files

import psycopg
from psycopg.rows import DictRow

from counterfeit_ml.warehouse.database import statement

# Any constant will do: it names the lock that lets one process at a time migrate.
MIGRATIONS_LOCK = 5_318_007


def migrate(connection: psycopg.Connection[DictRow]) -> list[str]:
    """Apply the migrations not applied yet, all of them or none; their names."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATIONS_LOCK])
    applied = _applied(connection)
    pending = [name for name in _migrations() if name not in applied]
    for name in pending:
        connection.execute(statement(f"migrations/{name}").encode())
        connection.execute("INSERT INTO warehouse.migrations VALUES (%s)", [name])
    return pending


def _migrations() -> list[str]:
    folder = files(__package__).joinpath("migrations")
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def _applied(connection: psycopg.Connection[DictRow]) -> set[str]:
    """Names of the migrations already applied; makes the list of them where there is none."""
    # A role that may not make schemas finds its own ready.
    if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'warehouse'").fetchone():
        connection.execute("CREATE SCHEMA warehouse")
    connection.execute(statement("migrations_applied.sql").encode())
    rows = connection.execute("SELECT name FROM warehouse.migrations").fetchall()
    return {row["name"] for row in rows}
