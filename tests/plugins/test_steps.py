from types import SimpleNamespace

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import set_current_context
from platform_airflow.steps import day_of, step

from counterfeit_ml.errors import ConfigError, LakeError, NoChampionError, PartitionMissingError

CONTEXT = Context(dag_run=SimpleNamespace(partition_key=None), params={}, ti=None, task=None)


def raising(error: Exception):
    @step()
    def work() -> None:
        raise error

    def run() -> None:
        with set_current_context(CONTEXT):
            work.function()

    return run


@pytest.mark.parametrize("error", [ConfigError, NoChampionError, PartitionMissingError])
def test_what_stays_wrong_fails_at_once_with_its_sentence(error):
    with pytest.raises(AirflowFailException, match=r"^what to do$"):
        raising(error("what to do"))()


def test_a_service_that_is_away_is_worth_a_retry():
    with pytest.raises(LakeError, match=r"^away$"):
        raising(LakeError("away"))()


def test_an_error_of_the_code_stays_what_it_is():
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())()


def test_a_day_is_its_own_key():
    assert day_of("2026-11-22") == "2026-11-22"


@pytest.mark.parametrize(
    "key", [None, "", "2026-11-22T00:00:00", "today", "2026-11-22/..", "2026-02-30", "20261122"]
)
def test_a_run_without_a_day_says_how_to_give_one(key):
    with pytest.raises(AirflowFailException, match=r"Trigger > Advanced Options > Partition Key"):
        day_of(key)


def test_the_parameter_serves_where_there_is_no_key():
    assert day_of(None, "2026-11-22") == "2026-11-22"
    assert day_of("2026-11-22", "2026-11-22") == "2026-11-22"


@pytest.mark.parametrize(
    ("key", "given", "found"),
    [
        ("2026-11-22", "2026-11-21", "the partition key 2026-11-22 and the parameter day"),
        (None, "2026-02-30", "the parameter day '2026-02-30', which is no day"),
    ],
)
def test_two_days_or_none_are_refused(key, given, found):
    with pytest.raises(AirflowFailException, match=found):
        day_of(key, given)
