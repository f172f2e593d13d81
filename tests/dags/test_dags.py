"""The policy for DAG files, and that Airflow reads them."""

import os
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import AssetAll, TriggerRule
from platform_airflow.alerts import on_failure
from platform_airflow.assets import LABELS
from platform_airflow.defaults import Owner, Tag

from counterfeit_ml.settings import ROOT

HEAVY = ("duckdb", "great_expectations", "keras", "mlflow", "pandas", "pyarrow", "scrapy")
FILES = sorted((ROOT / "dags").glob("*.py"))


@pytest.fixture(scope="module")
def dags():
    bag = DagBag(dag_folder=str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags


def test_each_is_in_a_file_of_its_name(dags):
    assert sorted(dags) == sorted(file.stem for file in FILES)
    assert sorted(dags) == [
        "check_freshness",
        "flag_listings",
        "import_labels",
        "import_reviews",
        "ingest_listings",
        "monitor_drift",
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


def test_each_calls_for_help_and_the_night_has_deadlines(dags):
    assert all(dag.on_failure_callback is on_failure for dag in dags.values())
    late = {name for name, dag in dags.items() if dag.deadline}
    assert late == {"ingest_listings", "validate_listings", "score_listings", "flag_listings"}
    assert dags["check_freshness"].timetable.expression == "0 8 * * *"


def test_the_chain_hangs_together_by_assets(dags):
    def made(dag_id: str) -> set[str]:
        return {outlet.name for task in dags[dag_id].tasks for outlet in task.outlets}

    def awaited(dag_id: str) -> set[str]:
        return {dags[dag_id].timetable.asset_condition.name}

    chain = ["ingest_listings", "validate_listings", "score_listings", "flag_listings"]
    for before, after in pairwise(chain):
        assert made(before) == awaited(after)
    assert made("flag_listings") == {"flagged_listings"}
    assert awaited("monitor_drift") == made("score_listings")
    assert made("monitor_drift") == {"drift"}


def test_nothing_waits_for_drift_and_its_answer_is_no_by_default(dags):
    conditions = [getattr(dag.timetable, "asset_condition", None) for dag in dags.values()]
    awaited = {getattr(one, "name", None) for one in conditions}
    assert "scored_listings" in awaited
    assert "drift" not in awaited
    question = dags["monitor_drift"].get_task("propose_retrain")
    assert question.defaults == ["Not now"]
    assert question.response_timeout == timedelta(days=3)
    assert dags["monitor_drift"].get_task("retrain").trigger_dag_id in dags


def test_retraining_starts_weekly_and_by_labels_and_asks_first_whether_they_are_enough(dags):
    dag = dags["retrain_logo_model"]
    assert dag.timetable.asset_condition == AssetAll(LABELS)
    assert dag.timetable.timetable.expression == "0 4 * * 0"
    assert dag.roots == [dag.get_task("take_reviews")]
    assert dag.get_task("enough_labels").upstream_task_ids == {"take_reviews"}
    assert dag.params["min_new_labels"] == 50
    assert dag.get_task("promote").trigger_rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS


def test_importing_labels_is_triggered_and_says_that_there_are_new_ones(dags):
    dag = dags["import_labels"]
    assert {outlet.name for task in dag.tasks for outlet in task.outlets} == {"labels"}
    assert sorted(dag.params) == ["brands", "hard_negatives", "label_set", "origin", "source"]
    assert dag.params.get_param("origin").schema["enum"] == ["seed", "review", "synthetic"]
    assert not dag.timetable.can_be_scheduled


def test_what_reviewers_decided_comes_in_daily(dags):
    dag = dags["import_reviews"]
    assert {outlet.name for task in dag.tasks for outlet in task.outlets} == {"labels"}
    assert dag.timetable.expression == "0 1 * * *"


def ingestion(folder: Path, text: str, monkeypatch) -> DagBag:
    (folder / "marketplaces.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("COUNTERFEIT_CONFIG_DIR", str(folder))
    return DagBag(dag_folder=str(ROOT / "dags" / "ingest_listings.py"))


def test_ingestion_has_a_task_for_each_domain_in_its_pool(tmp_path, monkeypatch):
    bag = ingestion(
        tmp_path,
        """
        marketplaces:
          bags: {site: {start_urls: [https://shop.example/bags]}}
          shoes: {site: {start_urls: [https://shop.example/shoes]}}
          watches: {site: {start_urls: [https://watches.example/]}}
          partner: {feed: {path: /data/partner.jsonl}}
        """,
        monkeypatch,
    )
    dag = bag.dags["ingest_listings"]
    takers = [task for task in dag.tasks if task.task_id.endswith(".ingest_marketplace")]
    assert sorted(task.pool for task in takers) == [
        "domain_shop_example",
        "domain_watches_example",
        "feeds",
        "other_shops",
    ]
    assert all(task.is_mapped and task.task_id.startswith(f"{task.pool}.") for task in takers)
    assert dag.params.get_param("marketplaces").schema["examples"] == [
        "bags",
        "partner",
        "shoes",
        "watches",
    ]
    assert {task.task_id for task in dag.tasks if not task.downstream_task_ids} == {
        "announce_listings",
        "every_marketplace",
    }


def test_a_wrong_configuration_is_an_import_error_that_names_the_key(tmp_path, monkeypatch):
    text = "marketplaces: {bags: {site: {start_urls: [https://shop.example/], max_pages: none}}}"
    (error,) = ingestion(tmp_path, text, monkeypatch).import_errors.values()
    assert "marketplaces.bags.site.max_pages" in error


PARSE = """
import runpy, sys
before, found = set(sys.modules), []
for file in sys.argv[1:]:
    runpy.run_path(file)
    found += [(file, name) for name in {HEAVY} if name in set(sys.modules) - before]
print(found)
"""


def test_parsing_imports_nothing_heavy():
    command = [sys.executable, "-c", PARSE.replace("{HEAVY}", repr(HEAVY)), *map(str, FILES)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
