"""SQL on Parquet files that leaves a Parquet file: memory is that of one step."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.heap import give_back_memory

Files = list[str]
MEMORY = "128MB"
GROUP_ROWS = 10_240
SMALL = 100_000
"""Rows that a query reads."""


class Queries:
    """Runs the SQL files beside this one; the tables and what comes out lie in ``folder``.

    Small inputs share a database, as to open one takes longer than their query; a large one has
    its own, as one that lives on keeps what its steps have taken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _shared(self) -> duckdb.DuckDBPyConnection:
        return _database(self.folder)

    def run(self, name: str, tables: Mapping[str, Files], **parameters: Any) -> Files:
        """Run ``name``.sql, which reads ``tables``; its rows in order are a file."""
        into = str(self.folder / f"{name}.parquet")
        if _rows(tables) < SMALL:
            _write(self._shared, name, into, tables, parameters)
        else:
            with _database(self.folder) as database:
                _write(database, name, into, tables, parameters)
            give_back_memory()
        return [into]


def batches(paths: Files, rows: int = GROUP_ROWS) -> Iterator[pa.RecordBatch]:
    """The rows of Parquet files, a row group in memory at a time."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield from file.iter_batches(rows, row_groups=[group])


def records(paths: Files) -> list[dict[str, Any]]:
    """All rows of Parquet files, which must be few."""
    return [row for batch in batches(paths) for row in batch.to_pylist()]


def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text("utf-8")


def _rows(tables: Mapping[str, Files]) -> int:
    return sum(pq.read_metadata(path).num_rows for paths in tables.values() for path in paths)


def _database(folder: Path) -> duckdb.DuckDBPyConnection:
    config: dict[str, Any] = {
        "memory_limit": MEMORY,
        "temp_directory": str(folder / "spill"),
        "threads": "1",
    }
    return duckdb.connect(config=config)


def _write(
    database: duckdb.DuckDBPyConnection,
    name: str,
    into: str,
    tables: Mapping[str, Files],
    parameters: dict[str, Any],
) -> None:
    for table, paths in tables.items():
        database.read_parquet(paths).create_view(table)
    rows = database.sql(_sql(name), params=parameters or None)
    rows.write_parquet(into, row_group_size=GROUP_ROWS)
