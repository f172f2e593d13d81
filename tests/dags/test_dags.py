"""The policy for DAG files, and that Airflow reads them."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from platform_airflow.defaults import Owner, Tag

from counterfeit_ml.settings import ROOT

HEAVY = ("duckdb", "great_expectations", "keras", "mlflow", "pandas", "pyarrow", "scrapy")
FILES = sorted((ROOT / "dags").glob("*.py"))


@pytest.fixture(scope="module")
def dags():
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


def test_there_are_five_one_a_file(dags):
    assert sorted(dags) == sorted(file.stem for file in FILES)
    assert sorted(dags) == [
        "flag_listings",
        "ingest_listings",
        "retrain_logo_model",
        "score_listings",
        "validate_listings",
    ]


def test_each_says_what_it_is_for_and_what_to_do(dags):
    for dag in dags.values():
        for word in ("**For**", "**Starts**", "**Makes**", "**Fails**"):
            assert word in dag.doc_md, f"{dag.dag_id} does not say {word}"
        assert set(dag.tags) <= {tag.value for tag in Tag}
        assert dag.tags
        assert {task.owner for task in dag.tasks} <= {owner.value for owner in Owner}


def test_each_task_is_retried_and_none_catches_up(dags):
    for dag in dags.values():
        assert not dag.catchup
        assert all(task.retries >= 1 for task in dag.tasks)


def test_the_chain_hangs_together_by_assets(dags):
    def made(dag_id: str) -> set[str]:
        return {outlet.name for task in dags[dag_id].tasks for outlet in task.outlets}

    def awaited(dag_id: str) -> set[str]:
        return {dags[dag_id].timetable.asset_condition.name}

    chain = ["ingest_listings", "validate_listings", "score_listings", "flag_listings"]
    for before, after in pairwise(chain):
        assert made(before) == awaited(after)
    assert made("flag_listings") == {"flagged_listings"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_parsing_imports_nothing_heavy(file: Path):
    code = (
        f"import sys, runpy; before = set(sys.modules); runpy.run_path({str(file)!r}); "
        f"print(sorted(set({HEAVY!r}) & (set(sys.modules) - before)))"
    )
    path = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
