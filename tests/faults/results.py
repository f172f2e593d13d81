"""What a run leaves for people and for the next run, to be compared and to be put back."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import CHAMPION, MODEL, Registry
from counterfeit_ml.settings import Settings

Objects = dict[str, bytes]

PUBLISHED = (
    *("listings/", "listing_history/", "quarantine/", "images/"),
    *("image_scores/", "scored_listings/"),
)
"""Prefixes of what a day leaves in the lake."""
GIVEN = ("mlflow/", "labels/", "_health")
"""Those of what it finds there."""
MADE = {
    "validate_listings": ("data_docs/",),
    "score_listings": ("image_scores/", "scored_listings/", "_staging/"),
    "flag_listings": (),
}
"""Prefixes of what each DAG but the first leaves in the lake."""
TABLES = ("flagged_listings", "flagged_days", "price_floors", "review_samples")
ROWS = "SELECT (to_jsonb(t) - 'run_id' - 'flagged_at')::text FROM warehouse.{table} AS t ORDER BY 1"
EMPTY = "TRUNCATE {tables} CASCADE"
PASSING = ("champion_since",)
"""Tags that say when."""
THREADS = 8


def objects(lake: Lake, chosen: Callable[[str], bool]) -> Objects:
    """Every object whose key is ``chosen``."""
    keys = [key for key in lake.keys("") if chosen(key)]
    with ThreadPoolExecutor(THREADS) as threads:
        return dict(zip(keys, threads.map(lake.get, keys), strict=True))


def is_of_a_day(key: str) -> bool:
    return not key.startswith(GIVEN)


def is_published(key: str) -> bool:
    return key.startswith(PUBLISHED)


def made_from(dag_id: str) -> tuple[str, ...]:
    """Prefixes of what this DAG and those behind it leave in the lake."""
    behind = list(MADE)[list(MADE).index(dag_id) :]
    return tuple(prefix for one in behind for prefix in MADE[one])


def put_back(lake: Lake, wanted: Objects) -> None:
    """Make ``wanted`` all that days have left in the lake."""
    found = objects(lake, is_of_a_day)
    lake.delete([key for key in found if key not in wanted])
    for key, data in wanted.items():
        if found.get(key) != data:
            lake.put(key, data)


def rows(settings: Settings) -> dict[str, list[str]]:
    """Each table's rows, but for which run wrote them and when."""
    with psycopg.connect(settings.warehouse_uri.get_secret_value()) as connection:
        return {
            table: [row for (row,) in connection.execute(ROWS.format(table=table).encode())]
            for table in TABLES
        }


def empty(settings: Settings, tables: Iterable[str]) -> None:
    """Forget what was flagged."""
    named = ", ".join(f"warehouse.{table}" for table in tables)
    with psycopg.connect(settings.warehouse_uri.get_secret_value()) as connection:
        connection.execute(EMPTY.format(tables=named).encode())


def champion(registry: Registry) -> dict[str, Any]:
    """Its metrics and what was decided on it."""
    version = registry.champion()
    tags = {key: tag for key, tag in registry.tags(version).items() if key not in PASSING}
    run = registry.client().get_run(registry.run_of(version))
    return {"status": run.info.status, "metrics": run.data.metrics, "tags": tags}


def crown(registry: Registry, version: str) -> None:
    """Make ``version`` the champion again, as it was before a retraining."""
    registry.client().set_registered_model_alias(MODEL, CHAMPION, version)
