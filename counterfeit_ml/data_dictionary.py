"""Renders ``docs/data_dictionary.md`` from the lake's schemas and the warehouse's own comments.

``python -m counterfeit_ml.data_dictionary > docs/data_dictionary.md`` renews it.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from counterfeit_ml.datasets import (
    DRIFT,
    EVIDENCE,
    FETCHES,
    IMAGE_SCORES,
    LABELS,
    LISTING_HISTORY,
    LISTINGS,
    QUARANTINE,
    SCORED_LISTINGS,
    Dataset,
)
from counterfeit_ml.settings import Settings
from counterfeit_ml.warehouse import Warehouse

DATASETS = (
    *(LISTINGS, QUARANTINE, LISTING_HISTORY, EVIDENCE, FETCHES),
    *(LABELS, IMAGE_SCORES, SCORED_LISTINGS, DRIFT),
)

INTRODUCTION = """\
# Data dictionary

Made by `python -m counterfeit_ml.data_dictionary` from the schemas in `counterfeit_ml/datasets.py`
and the comments in the database; a test compares.

## The lake

One S3 bucket. A partition is a folder of Parquet files and `_manifest.json`, written last: read the
files that the manifest lists. Partition keys stand in the path. Beside the datasets: pictures under
`images/<2 hex>/<sha256>`, Great Expectations' site under `data_docs/site/`, MLflow's artifacts
under `mlflow/`. Keys under `_staging/` are work in progress.
"""


def render(warehouse: Warehouse) -> str:
    """The whole document; raises ``WarehouseError``."""
    sections = [
        INTRODUCTION,
        *map(_dataset, DATASETS),
        "## The warehouse\n",
        *_relations(warehouse),
    ]
    return "\n".join(sections)


def _dataset(dataset: Dataset) -> str:
    folders = "/".join(f"{key}=…" for key in dataset.partition_keys)
    rows = [
        f"| `{field.name}` | {field.type} | {'' if field.nullable else 'yes'} "
        f"| {field.metadata[b'description'].decode()} |"
        for field in dataset.schema
    ]
    return "\n".join(
        [
            f"### `{dataset.name}/{folders}/`\n",
            f"Key within a partition: {', '.join(dataset.key)}. Written by {dataset.written_by}.\n",
            "| column | type | always there | what it is |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _relations(warehouse: Warehouse) -> Iterator[str]:
    columns = warehouse.query(
        """
        SELECT c.relname, obj_description(c.oid) AS about, a.attname,
               format_type(a.atttypid, a.atttypmod) AS type,
               coalesce(col_description(c.oid, a.attnum), '') AS what
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'warehouse'::regnamespace AND c.relkind IN ('r', 'v')
        AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relkind, c.relname, a.attnum
        """
    )
    for (name, about), found in groupby(columns, lambda row: (row["relname"], row["about"])):
        yield _relation(name, about, list(found))


def _relation(name: str, about: str, columns: list[dict[str, Any]]) -> str:
    rows = [f"| `{one['attname']}` | {one['type']} | {one['what']} |" for one in columns]
    head = ["| column | type | what it is |", "| --- | --- | --- |"]
    return "\n".join([f"### `warehouse.{name}`\n", f"{about}.\n", *head, *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(render(Warehouse(Settings.load())))
