import json
import os
import subprocess
import sys

import pytest

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.pools import by_pool, ingestion_pools
from counterfeit_ml.settings import ROOT, ConfigSettings

TWO_OF_ONE_SHOP = """
marketplaces:
  bags: {site: {start_urls: ["https://www.Example.com/bags"]}}
  shoes: {site: {start_urls: ["https://www.example.com:443/shoes"]}}
  other: {site: {start_urls: ["http://[::1]:8000/"], allow_local: true}}
  partner: {feed: {path: /data/partner.jsonl}}
"""


@pytest.fixture
def config(tmp_path) -> ConfigSettings:
    (tmp_path / "marketplaces.yaml").write_text(TWO_OF_ONE_SHOP, encoding="utf-8")
    return ConfigSettings(_env_file=None, config_dir=tmp_path)


def names(config: ConfigSettings) -> list[str]:
    return [pool.name for pool in ingestion_pools(config)]


def test_each_domain_has_one_slot_however_many_marketplaces_it_has(config):
    slots = {pool.name: pool.slots for pool in ingestion_pools(config)}
    assert slots == {
        "domain__1": 1,
        "domain_www_example_com": 1,
        "feeds": 1,
        "other_shops": 1,
    }


def test_all_marketplaces_are_taken_where_none_is_named(config):
    assert by_pool(config, [], None, names(config)) == {
        "domain__1": ["other"],
        "domain_www_example_com": ["bags", "shoes"],
        "feeds": ["partner"],
        "other_shops": [],
    }


@pytest.mark.parametrize(
    ("name", "source", "pool"),
    [
        ("mine", "mine.jsonl", "feeds"),
        ("mine", "https://www.example.com/belts", "domain_www_example_com"),
        ("mine", "https://elsewhere.example/", "other_shops"),
        ("bags", "bags.jsonl", "feeds"),
    ],
)
def test_a_source_given_waits_with_those_of_its_domain(config, name, source, pool):
    chosen = by_pool(config, [name], source, names(config))
    assert {key: value for key, value in chosen.items() if value} == {pool: [name]}


def test_a_marketplace_newer_than_the_tasks_says_what_to_do(config):
    sentence = "let `counterfeit up` make its pool domain_www_example_com, and trigger again"
    with pytest.raises(IngestionError, match=sentence):
        by_pool(config, [], None, ["feeds", "other_shops", "domain__1"])


@pytest.mark.parametrize("chosen", [[], ["bags", "shoes"]])
def test_a_source_belongs_to_one_marketplace(config, chosen):
    with pytest.raises(IngestionError, match="Give exactly one marketplace"):
        by_pool(config, chosen, "mine.jsonl", names(config))


def test_the_program_prints_what_airflow_imports(config):
    env = {**os.environ, "COUNTERFEIT_CONFIG_DIR": str(config.config_dir), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "counterfeit_ml.stack.pools"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)
    assert sorted(printed) == [*names(config), "scoring"]
    assert printed["domain_www_example_com"]["slots"] == 1
    assert "description" in printed["scoring"]
