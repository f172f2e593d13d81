"""SQL on Parquet files that leaves a Parquet file: memory is that of one step."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.ingestion.heap import give_back_memory

Files = list[str]
MEMORY = "128MB"
GROUP_ROWS = 10_240


def query(name: str, into: Path, tables: Mapping[str, Files], **parameters: Any) -> Files:
    """Run ``name``.sql, which reads ``tables``; its rows in order are the file ``into``.

    A database of its own for each: one that lives on keeps what its steps have taken.
    """
    config: dict[str, Any] = {
        "memory_limit": MEMORY,
        "temp_directory": f"{into}.spill",
        "threads": "1",
    }
    with duckdb.connect(config=config) as database:
        for table, paths in tables.items():
            database.read_parquet(paths).create_view(table)
        rows = database.sql(_sql(name), params=parameters or None)
        rows.write_parquet(str(into), row_group_size=GROUP_ROWS)
    give_back_memory()
    return [str(into)]


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
