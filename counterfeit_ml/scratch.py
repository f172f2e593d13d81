"""Room on the local disk for one step, and SQL over Parquet files there in bounded memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import duckdb

from counterfeit_ml.errors import DiskError

MEMORY = "256MB"
"""Of one database; what is more goes to the disk."""

Tables = Mapping[str, Sequence[Path]]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone at the end; ``DiskError`` where the disk cannot hold what it gets."""
    try:
        with TemporaryDirectory(prefix="counterfeit-") as folder:
            yield Path(folder)
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        reason = str(error).strip().splitlines()[0][:300]
        raise DiskError(
            f"{gettempdir()} cannot hold the files of this step: free space there, or name a "
            f"folder with more in TMPDIR. ({reason})"
        ) from error


@contextmanager
def database(folder: Path, tables: Tables, threads: int = 1) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with a view of each table's Parquet files, which spills into ``folder``.

    With one thread rows come in the same order each time.
    """
    config: dict[str, Any] = {
        "memory_limit": MEMORY,
        "temp_directory": str(folder / "spill"),
        "threads": threads,
    }
    with duckdb.connect(config=config) as connection:
        for name, paths in tables.items():
            connection.read_parquet([str(path) for path in paths]).create_view(name)
        yield connection
