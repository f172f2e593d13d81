"""The warehouse (PostgreSQL): the only place that knows SQL tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
from psycopg.rows import dict_row

from counterfeit_ml.errors import WarehouseError
from counterfeit_ml.settings import Settings

__all__ = ["FLAGS", "FlagChanges", "Warehouse"]

# Any constant will do: it names the lock that lets one writer at a time replace flags.
FLAGS_LOCK = 5_318_008

# The columns of flagged_listings that flagging decides; the rest follow from day and run.
FLAGS = pa.schema(
    [
        ("marketplace", pa.string()),
        ("listing_id", pa.string()),
        ("verdict", pa.string()),
        ("rule_id", pa.string()),
        ("reasons", pa.string()),
        ("brand", pa.string()),
        ("confidence", pa.float64()),
        ("price", pa.float64()),
        ("currency", pa.string()),
        ("price_usd", pa.float64()),
        ("price_floor_usd", pa.float64()),
        ("price_ratio", pa.float64()),
        ("seller_id", pa.string()),
        ("condition", pa.string()),
        ("title", pa.string()),
        ("url", pa.string()),
        ("image_sha256", pa.string()),
        ("model_version", pa.string()),
        ("rules_version", pa.string()),
    ]
)


class FlagChanges(NamedTuple):
    """What replacing a day changed: rows written (new or different), rows deleted, rows now."""

    written: int
    deleted: int
    total: int


class Warehouse:
    """Flags and reviews in the schema ``warehouse``."""

    def __init__(self, settings: Settings) -> None:
        self._uri = settings.warehouse_uri.get_secret_value()
        address = urlsplit(self._uri)
        self.address = f"{address.hostname}:{address.port}{address.path}"

    def migrate(self) -> list[str]:
        """Apply the migrations not applied yet, each in its own transaction; their names."""
        with self._reporting("migrating"), psycopg.connect(self._uri) as connection:
            applied = _applied(connection)
            pending = [name for name in _migrations() if name not in applied]
            for name in pending:
                with connection.transaction():
                    connection.execute(_sql(f"migrations/{name}").encode())
                    connection.execute("INSERT INTO warehouse.migrations VALUES (%s)", [name])
        return pending

    def replace_flags(self, day: date, flags: pa.Table, run_id: str) -> FlagChanges:
        """Make ``flags`` the flags of ``day``, in one transaction.

        ``flags`` has the columns of ``FLAGS``. Rows that did not change are not touched.
        """
        with self._reporting("writing flags"), adbc.connect(self._uri) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock($1)", [FLAGS_LOCK])
                cursor.fetchall()
                cursor.adbc_ingest("staged_flags", flags.cast(FLAGS), mode="create", temporary=True)
                cursor.execute(_sql("delete_cleared_flags.sql"), [day])
                deleted = len(cursor.fetchall())
                cursor.execute(_sql("upsert_flags.sql"), [day, run_id])
                written = len(cursor.fetchall())
                cursor.execute(_sql("renew_first_flagged.sql"))
            connection.commit()
        return FlagChanges(written, deleted, flags.num_rows)

    def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Rows of a SELECT as dictionaries; ``%s`` in ``sql`` takes ``parameters`` in order."""
        with (
            self._reporting("reading"),
            psycopg.connect(self._uri, row_factory=dict_row) as connection,
        ):
            connection.read_only = True
            return connection.execute(sql.encode(), parameters).fetchall()

    @contextmanager
    def _reporting(self, action: str) -> Iterator[None]:
        try:
            yield
        except (psycopg.Error, adbc_driver_manager.Error) as error:
            reason = str(error).strip().splitlines()[0]
            raise WarehouseError(
                f"{action} at {self.address} failed: is PostgreSQL up and the connection "
                f"`warehouse` right? `counterfeit status` shows the embedded one. ({reason})"
            ) from error


def _sql(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")


def _migrations() -> list[str]:
    folder = files(__name__).joinpath("migrations")
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def _applied(connection: psycopg.Connection) -> set[str]:
    """Names of the migrations already applied; makes the list of them where there is none."""
    with connection.transaction():
        connection.execute("CREATE SCHEMA IF NOT EXISTS warehouse")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS warehouse.migrations (name text PRIMARY KEY, "
            "applied_at timestamptz NOT NULL DEFAULT now());"
            "COMMENT ON TABLE warehouse.migrations IS 'Changes of this schema, as applied';"
            "COMMENT ON COLUMN warehouse.migrations.name IS 'File in warehouse/migrations';"
            "COMMENT ON COLUMN warehouse.migrations.applied_at IS 'When it was applied';"
        )
    return {name for (name,) in connection.execute("SELECT name FROM warehouse.migrations")}
