"""The whole main job on the whole stack, as `make demo` runs it."""

import io
import json
import re

import psycopg
import pytest
from psycopg.rows import dict_row
from rich.console import Console

from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.demo.airflow_client import AirflowClient
from counterfeit_ml.demo.chain import STARTED_BY_ASSETS, play_night
from counterfeit_ml.demo.inputs import Truth, sample_input
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry
from tests.dags.asking import Airflow
from tests.waiting import until

DEMO_OK = re.compile(
    r"^DEMO OK listings=(?P<listings>\d+) scored=(?P<scored>\d+) flagged=(?P<flagged>\d+) "
    r"precision=(?P<precision>[\d.]+) recall=(?P<recall>[\d.]+) seconds=(?P<seconds>\d+)$"
)
RETRAIN, SECONDS = "retrain_logo_model", 600

pytestmark = pytest.mark.timeout(SECONDS)


@pytest.fixture(scope="module")
def day(demo) -> str:
    found = re.search(r"warehouse\.flagged_listings of (\S+):", demo)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def airflow(stack, demo) -> AirflowClient:
    return AirflowClient(stack.stack)


@pytest.fixture(scope="module")
def sample(stack, demo):
    return sample_input(stack.state / "marketplace")


def analyst(stack, query: str) -> list[dict]:
    with psycopg.connect(stack.stack.bi_reader_uri, row_factory=dict_row) as connection:
        return connection.execute(query.encode()).fetchall()


def stored(lake: Lake) -> dict[str, bytes]:
    prefixes = ("listings/", "quarantine/", "images/", "image_scores/", "scored_listings/")
    return {key: lake.get(key) for prefix in (*prefixes, "data_docs/") for key in lake.keys(prefix)}


def test_its_last_line_says_how_well_it_went(demo):
    found = DEMO_OK.match(demo.rstrip().splitlines()[-1])
    assert found
    assert int(found["listings"]) >= 600
    assert found["scored"] == found["listings"]
    assert float(found["precision"]) >= 0.95
    assert float(found["recall"]) >= 0.90


def test_assets_not_hands_started_the_chain(airflow, demo, day):
    for dag_id in STARTED_BY_ASSETS:
        run = airflow.first_run_since(dag_id, day, f"{day}T00:00:00Z")
        assert run is not None
        assert (run.state, run.triggered_by) == ("success", "asset")


def test_what_is_refused_is_refused_for_the_right_reason(demo, sample):
    expected = Truth.read(sample.truth).refused
    table = re.findall(r"│ (\w+) +│ +(\d+) │ +(\d+) │", demo)
    assert {reason: int(right) for reason, _, right in table} == {
        reason: list(expected.values()).count(reason) for reason in expected.values()
    }
    assert all(all_ == right for _, all_, right in table)


def test_an_analyst_reads_the_flags_and_each_says_why(stack, demo):
    flags = analyst(stack, "SELECT * FROM warehouse.current_flags WHERE marketplace = 'sample'")
    assert len(flags) > 100
    for flag in flags:
        sure = flag["confidence"] > 0.89
        assert flag["verdict"] == ("counterfeit" if sure else "review")
        assert flag["confidence"] > 0.5
        assert flag["price_usd"] < flag["price_floor_usd"]
        assert len(flag["reasons"]) == 2
        assert flag["brand"] != "no_logo"


def test_the_champion_has_signature_metrics_and_the_file_that_scored(stack, demo, airflow):
    import mlflow

    client = Registry(stack.settings).client()
    version = client.get_model_version_by_alias("logo-classifier", "champion")
    model = mlflow.models.get_model_info(f"models:/logo-classifier/{version.version}")
    assert model.signature.inputs.to_dict()[0]["tensor-spec"]["shape"] == (-1, 224, 224, 3)
    metrics = client.get_run(version.run_id).data.metrics
    assert metrics["accuracy"] > 0.9
    assert (Registry(stack.settings).fetch(version.version) / "logo.tflite").stat().st_size > 1e6
    scored = Lake(stack.settings).read(SCORED_LISTINGS, ["model_version"])
    assert version.version in scored["model_version"].to_pylist()


def lineage_of(stack, day: str) -> dict[str, tuple[set[str], set[str]]]:
    """What each task of the day's runs read and wrote, as OpenLineage has it."""
    file = stack.state / "airflow" / "logs" / "openlineage.jsonl"
    found: dict[str, tuple[set[str], set[str]]] = {}
    for line in file.read_text("utf-8").splitlines():
        event = json.loads(line)
        run = event["run"]["facets"].get("airflow", {}).get("dagRun", {})
        if event["eventType"] == "COMPLETE" and run.get("partition_key") == day:
            named = (
                {f"{one['namespace']}/{one['name']}" for one in event[side]}
                for side in ("inputs", "outputs")
            )
            read, wrote = found.setdefault(event["job"]["name"], (set(), set()))
            for known, new in zip((read, wrote), named, strict=True):
                known |= new
    return found


def test_lineage_names_the_partitions_and_tables_that_each_run_read_and_wrote(stack, day):
    found = lineage_of(stack, day)
    lake, marketplace = "s3://counterfeit", f"ds={day}/marketplace=sample"
    ingest = next(task for task in found if task.endswith("ingest_marketplace"))
    expected = {f"{lake}/{name}/{marketplace}" for name in ("listings", "quarantine")}
    assert expected <= found[ingest][1]
    assert f"{lake}/listings/{marketplace}" in found["validate_listings.validate_listings"][0]
    assert f"{lake}/images" in found["score_listings.score_shard"][0]
    assert f"{lake}/scored_listings/ds={day}" in found["score_listings.publish_scores"][1]
    read, wrote = found["flag_listings.apply_rules"]
    database = f"postgres://127.0.0.1:{stack.stack.postgres_port}/warehouse.warehouse"
    assert f"{lake}/scored_listings/ds={day}" in read
    assert {f"{database}.flagged_listings", f"{database}.flagged_days"} <= wrote


def test_a_collector_gets_the_figures_beside_airflow_s_own(stack, collector, day):
    name = "airflow.counterfeit.publish_scores"
    total = until(lambda: collector.gauge(f"{name}.listings"))
    query = "SELECT ds::text, sum(scored) AS scored FROM warehouse.flagged_days GROUP BY ds"
    assert total == {row["ds"]: row["scored"] for row in analyst(stack, query)}[day]
    assert "counterfeit_flags{" in stack.counterfeit("metrics").stdout


def test_nobody_was_asked_before_the_first_champion(stack, demo):
    client = Airflow(stack.stack)
    trained = max(one for one, kind in client.runs(RETRAIN).items() if kind == "manual")
    assert client.states(client.run_of(RETRAIN, trained)) == {
        "take_reviews": "success",
        "enough_labels": "success",
        "validate_training_images": "success",
        "train": "success",
        "approve": "skipped",
        "promote": "success",
    }


def test_data_docs_open_for_who_is_logged_in_and_for_nobody_else(stack, airflow, day):
    import requests

    base = f"{stack.stack.airflow_url}/data-docs"
    assert requests.get(f"{base}/index.html", timeout=30).status_code == 401
    index = airflow._session.get(f"{base}/index.html", timeout=30)
    assert index.status_code == 200
    assert "default-src 'none'" in index.headers["Content-Security-Policy"]
    for href in re.findall(r'href="(validations/listings/[^"]+)"', index.text):
        page = airflow._session.get(f"{base}/{href}", timeout=30)
        assert page.status_code == 200
        assert "Prices are positive" in page.text
    assert airflow._session.get(f"{base}/..%2f..%2flistings", timeout=30).status_code in {404, 422}


def test_the_same_day_again_changes_no_row_and_no_byte(stack, airflow, sample, day):
    lake = Lake(stack.settings)
    everything = "SELECT * FROM warehouse.flagged_listings ORDER BY ds, marketplace, listing_id"
    objects, rows = stored(lake), analyst(stack, everything)
    play_night(airflow, Console(file=io.StringIO()), day, sample)
    assert analyst(stack, everything) == rows
    assert stored(lake) == objects


def test_secrets_are_in_no_log(stack, demo):
    secrets = [
        value.get_secret_value()
        for value in stack.stack.model_dump().values()
        if hasattr(value, "get_secret_value")
    ]
    secrets.append(stack.settings.lake_secret_key.get_secret_value())
    logs = [path for path in stack.state.rglob("*.log") if "lake" not in path.parts]
    assert len(logs) > 10
    texts = [demo, *(path.read_text("utf-8", errors="replace") for path in logs)]
    assert not [secret for secret in secrets for text in texts if secret in text]
