"""``@step``: Airflow's ``@task`` for one function of ``counterfeit_ml``."""

import functools
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from counterfeit_ml.errors import (
    CounterfeitError,
    LakeError,
    NoChampionError,
    PartitionMissingError,
    RegistryError,
    WarehouseError,
)

# A service that does not answer may be back in a moment; wrong data stays wrong.
WORTH_A_RETRY = (LakeError, WarehouseError, RegistryError)
NOT_WORTH_IT = (PartitionMissingError, NoChampionError)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def step(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``@task`` whose failure is one sentence: what was wrong, where, and what to do."""

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except CounterfeitError as error:
                if isinstance(error, WORTH_A_RETRY) and not isinstance(error, NOT_WORTH_IT):
                    raise
                raise AirflowFailException(str(error)) from error

        return task(retries=2, retry_delay=timedelta(seconds=10), **options)(run)

    return decorate


def day_of(partition_key: str | None) -> str:
    """The run's day; fails the run with what to do where it was triggered without one."""
    if partition_key is None or not DAY.fullmatch(partition_key):
        raise AirflowFailException(
            f"This run has the partition key {partition_key!r}, not a day such as 2026-11-22: "
            "trigger it again with one (Trigger > Advanced Options > Partition Key)."
        )
    return partition_key
