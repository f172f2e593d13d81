"""Scored listings as a view, whatever day wrote their files."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from counterfeit_ml.datasets import SCORED_LISTINGS


def create_view(
    connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[Path], folder: Path
) -> None:
    """A view ``name`` of the files at ``paths``, with today's columns.

    What an older file has not got is null; ``filename`` is where a row stands.
    """
    today = folder / "columns.parquet"
    pq.write_table(SCORED_LISTINGS.schema.empty_table(), today)
    files = [str(path) for path in (today, *paths)]
    view = connection.read_parquet(files, union_by_name=True, filename=True)
    view.create_view(name)
