"""The connection to the warehouse, and what goes wrong with it as one sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
from psycopg.rows import DictRow, dict_row

from counterfeit_ml.errors import WarehouseError
from counterfeit_ml.lineage import note_read
from counterfeit_ml.settings import Settings

READ = re.compile(r"(?:FROM|JOIN)\s+warehouse\.(\w+)")


class Database:
    """PostgreSQL as the role of the connection ``warehouse``, rows as dictionaries or Arrow."""

    def __init__(self, settings: Settings) -> None:
        self._uri = settings.warehouse_uri.get_secret_value()
        address = urlsplit(self._uri)
        self.address = f"{address.hostname}:{address.port}{address.path}"

    def query(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Rows of a SELECT as dictionaries; ``%s`` in ``sql`` takes ``parameters`` in order."""
        self.note_read(sql)
        with self.transaction("reading", read_only=True) as connection:
            return connection.execute(sql.encode(), parameters).fetchall()

    def read(self, sql: str, *parameters: Any) -> pa.Table:
        """Rows of a SELECT as an Arrow table; ``$1`` in ``sql`` is the first parameter."""
        self.note_read(sql)
        with (
            self.reporting("reading"),
            adbc.connect(self._uri) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, parameters)
            return cursor.fetch_arrow_table()

    def note_read(self, sql: str) -> None:
        """Tell who records lineage which of the warehouse's tables ``sql`` reads."""
        for table in READ.findall(sql):
            note_read(self.table(table))

    def table(self, name: str) -> str:
        """The address of one of the warehouse's tables."""
        return f"postgres://{self.address}/warehouse/{name}"

    @contextmanager
    def transaction(
        self, action: str, read_only: bool = False
    ) -> Iterator[psycopg.Connection[DictRow]]:
        """A connection whose changes are committed at the end, or none of them."""
        with (
            self.reporting(action),
            psycopg.connect(self._uri, row_factory=dict_row) as connection,
        ):
            connection.read_only = read_only
            yield connection

    @contextmanager
    def reporting(self, action: str) -> Iterator[None]:
        """Turn a driver's error into a ``WarehouseError`` that says what was done where."""
        try:
            yield
        except (psycopg.Error, adbc_driver_manager.Error) as error:
            reason = _reason(str(error))
            raise WarehouseError(
                f"{action} at {self.address} failed: is PostgreSQL up and the connection "
                f"`warehouse` right? `counterfeit status` shows the embedded one. ({reason})"
            ) from error


def _reason(text: str) -> str:
    """What the server said, where ADBC puts the statement before it."""
    lines = text.strip().splitlines()
    return next((line[line.index("ERROR:") :] for line in lines if "ERROR:" in line), lines[0])


def statement(name: str, **names: str) -> str:
    """The SQL of the file ``name`` of this folder, with ``{names}`` filled in."""
    text = files(__package__).joinpath(name).read_text("utf-8")
    return text.format(**names) if names else text
