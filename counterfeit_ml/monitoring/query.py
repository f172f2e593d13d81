"""SQL over a day's Parquet files in bounded memory."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from counterfeit_ml.datasets import Dataset
from counterfeit_ml.lake import Lake

MEMORY = "512MB"


def query(lake: Lake, name: str, dataset: Dataset, ds: str, **parameters: Any) -> list[Any]:
    """The few rows of ``name``.sql over its view ``day``: day ``ds`` of ``dataset``.

    Empty where no partition of the day was published.
    """
    with TemporaryDirectory(prefix="counterfeit-drift-") as folder:
        paths = [
            str(path)
            for number, partition in enumerate(lake.partitions(dataset, ds=ds))
            for path in lake.download(dataset, Path(folder, str(number)), **partition)
        ]
        return _run(name, paths, f"{folder}/spill", parameters) if paths else []


def _run(name: str, paths: Sequence[str], spill: str, parameters: dict[str, Any]) -> list[Any]:
    config: dict[str, Any] = {"memory_limit": MEMORY, "temp_directory": spill, "threads": 1}
    sql = files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
    with duckdb.connect(config=config) as database:
        database.read_parquet(list(paths)).create_view("day")
        return database.sql(sql, params=parameters).fetchall()
