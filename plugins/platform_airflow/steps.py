"""``@step``: Airflow's ``@task`` for one function of ``counterfeit_ml``."""

import functools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from counterfeit_ml.errors import (
    BrokenModelError,
    CounterfeitError,
    LakeError,
    NoChampionError,
    PartitionMissingError,
    RegistryError,
    WarehouseError,
)
from platform_airflow.observation import measured, observed

# A service that does not answer may be back in a moment; wrong data stays wrong.
WORTH_A_RETRY = (LakeError, WarehouseError, RegistryError)
RETRIES = {
    "retries": 4,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(seconds=30),
}
"""A minute and a half at least: S3 that had a full disk looks once a minute whether it still is."""
NOT_WORTH_IT = (BrokenModelError, NoChampionError, PartitionMissingError)


def step(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``@task`` whose failure is one sentence: what was wrong, where, and what to do."""

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            context = get_current_context()
            try:
                with observed(context):
                    result = function(*args, **kwargs)
            # Without its causes, which the sentence names: a log that ends with one sentence.
            except CounterfeitError as error:
                if isinstance(error, WORTH_A_RETRY) and not isinstance(error, NOT_WORTH_IT):
                    raise error from None
                raise AirflowFailException(str(error)) from None
            measured(context, result)
            return result

        return task(**RETRIES, **options)(run)

    return decorate


def day_of(partition_key: str | None, given: str | None = None) -> str:
    """The run's day: its partition key, or the parameter ``given`` instead.

    Fails the run with what to do where it was triggered without a day, or with two.
    """
    day = given if partition_key is None else partition_key
    if day is None:
        found = "no partition key"
    elif not _is_day(day):
        kind = "partition key" if partition_key is not None else "parameter day"
        found = f"the {kind} {day!r}, which is no day such as 2026-11-22"
    elif given not in (None, day):
        found = f"the partition key {day} and the parameter day {given}"
    else:
        return day
    raise AirflowFailException(
        f"This run has {found}: trigger it again with its day (Trigger > Advanced Options > "
        "Partition Key)."
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
