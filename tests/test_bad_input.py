"""Bad input and services that are away, through Airflow and the command line: one sentence."""

from hashlib import sha256
from typing import Any

import boto3
import pyarrow as pa
import pytest
from rich.console import Console

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LABELS, LISTINGS, QUARANTINE, SCORED_LISTINGS
from counterfeit_ml.lake import Lake
from counterfeit_ml.stack.catalogue import S3, SERVICES
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.startup import Startup
from counterfeit_ml.stack.supervisor import Supervisor
from tests.dags.asking import Airflow
from tests.waiting import until

DAY, REFUSED_DAY, S3_DAY = "2001-01-01", "2001-01-02", "2001-01-03"
MARKETPLACE = "bad_input"
WHOLE_SET, PART_SET = "bad_input_whole", "bad_input_part"


@pytest.fixture(scope="module")
def lake(services) -> Lake:
    return Lake(services.settings)


@pytest.fixture(scope="module")
def airflow(stack) -> Airflow:
    client = Airflow(stack.stack)
    wanted = {"ingest_listings", "validate_listings", "score_listings", "retrain_logo_model"}
    until(lambda: wanted <= client.dag_ids())
    return client


@pytest.fixture
def feed(tmp_path):
    """Writes a feed of these lines."""

    def write(*lines: str) -> str:
        path = tmp_path / "feed.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)

    return write


@pytest.fixture
def label_sets(services, lake, label_row):
    """A sound label set, and one without a picture of gucci; gone when the test ends."""
    classes = load_brands(services.settings.config_dir).classes
    for name, brands in {WHOLE_SET: classes, PART_SET: set(classes) - {"gucci"}}.items():
        rows = [label_row(sha256(brand.encode()).hexdigest(), brand) for brand in brands]
        lake.write(LABELS, pa.Table.from_pylist(rows, LABELS.schema), label_set=name)
    yield
    for name in (WHOLE_SET, PART_SET):
        lake.delete(lake.keys(f"labels/label_set={name}/"))


def failure(airflow, run) -> tuple[str, int, str]:
    """Of a run that must fail: the task, its tries, and the one sentence its log ends with."""
    assert airflow.ended(run) == "failed"
    return refusal(airflow, run, "failed")


def refusal(airflow, run, state) -> tuple[str, int, str]:
    """The same of the one task in this state."""
    (task,) = [one for one in airflow.tasks(run) if one["state"] == state]
    lines = airflow.log_tail(run, task, lines=100)
    begin, end = lines.index("Task failed with exception"), lines.index("::group::Post Execute")
    said = lines[begin + 1 : end]
    assert len(said) == 1, said
    error, _, sentence = said[0].partition(": ")
    assert error in {"AirflowFailException", "LakeError"}
    assert "\n" not in sentence
    return task["task_id"], task["try_number"], sentence


def complaint(done) -> str:
    """The one sentence of a command that must fail."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (last,) = [line for line in done.stderr.splitlines() if line.startswith("error ")]
    assert done.stderr.rstrip().endswith(last)
    return last.removeprefix("error ")


def ingesting(source: str) -> dict[str, Any]:
    return {"marketplaces": [MARKETPLACE], "source": source}


def test_a_run_without_a_day(airflow, feed):
    run = airflow.trigger("ingest_listings", ingesting(feed()))
    assert failure(airflow, run) == (
        "list_marketplaces",
        1,
        "This run has no partition key: trigger it again with its day (Trigger > Advanced Options "
        "> Partition Key).",
    )


def test_a_run_of_what_is_no_day(airflow):
    task, tries, sentence = failure(airflow, airflow.trigger("validate_listings", {}, "yesterday"))
    assert (task, tries) == ("validate_listings", 1)
    assert sentence.startswith("This run has the partition key 'yesterday', which is no day such")


def test_an_empty_feed(airflow, feed):
    source = feed()
    run = airflow.trigger("ingest_listings", ingesting(source), DAY)
    assert failure(airflow, run) == (
        "feeds.ingest_marketplace",
        1,
        "The feed feed.jsonl is empty: check the export that wrote it; nothing was changed.",
    )


def test_a_feed_that_does_not_exist(airflow, lake):
    run = airflow.trigger("ingest_listings", ingesting("/no/feed.jsonl"), DAY)
    assert failure(airflow, run) == (
        "feeds.ingest_marketplace",
        1,
        "The feed /no/feed.jsonl cannot be read: No such file or directory. Check its path in "
        "config/marketplaces.yaml, or the source given; nothing was changed.",
    )
    assert not lake.exists(LISTINGS, ds=DAY, marketplace=MARKETPLACE)


def test_a_feed_refused_whole_stops_the_chain_at_validation(airflow, feed, lake):
    source = feed("no JSON", '{"listing_id": "1"}')
    run = airflow.trigger("ingest_listings", ingesting(source), REFUSED_DAY)
    assert airflow.ended(run) == "success"
    partition = {"ds": REFUSED_DAY, "marketplace": MARKETPLACE}
    assert lake.manifest(LISTINGS, **partition).rows == 0
    assert lake.manifest(QUARANTINE, **partition).rows == 2
    validation = until(
        lambda: airflow.first_run_since("validate_listings", REFUSED_DAY, run.run_after)
    )
    task, tries, sentence = failure(airflow, validation)
    assert (task, tries) == ("validate_listings", 1)
    assert "over 0 rows: The day has listings (seen: 0)" in sentence
    assert f"see quarantine/ds={REFUSED_DAY}: 2 of 2 of bad_input." in sentence
    assert sentence.endswith("mend the data or expectations/listings.json, then run it again.")
    assert airflow.first_run_since("score_listings", REFUSED_DAY, run.run_after) is None


def test_scoring_without_a_champion(airflow, without_champion):
    task, tries, sentence = failure(airflow, airflow.trigger("score_listings", {}, DAY))
    assert (task, tries) == ("choose_model", 1)
    assert sentence.startswith("No champion yet: no version of logo-classifier at http://")
    assert sentence.endswith("Run the DAG retrain_logo_model or `counterfeit retrain`.")


def test_retraining_on_a_label_set_that_does_not_exist(airflow):
    run = airflow.trigger("retrain_logo_model", {"label_sets": ["bad_input_none"]})
    assert failure(airflow, run) == (
        "validate_training_images",
        1,
        "s3://counterfeit/labels/label_set=bad_input_none was never published: run `counterfeit "
        "labels` or the DAG import_labels for it first.",
    )


def test_retraining_with_a_brand_without_a_picture(airflow, label_sets):
    run = airflow.trigger("retrain_logo_model", {"label_sets": [PART_SET]})
    task, tries, sentence = failure(airflow, run)
    assert (task, tries) == ("validate_training_images", 1)
    assert (
        "Not a single picture of gucci: bring some in with `counterfeit labels DIR`, or take the "
        "brand out of config/brands.yaml." in sentence
    )


def test_s3_away_is_named_and_waited_for(stack, airflow, feed, lake, request):
    source = feed("no JSON")
    supervisor = Supervisor(Folders(stack.state))
    parts = Stack(supervisor.folders, stack.settings, stack.stack)
    startup = Startup(parts, supervisor, Console(quiet=True), fresh=False)

    def start():
        startup.launch([SERVICES[S3]])
        startup.wait([SERVICES[S3]])

    request.addfinalizer(start)
    supervisor.stop_services([S3])
    run = airflow.trigger("ingest_listings", ingesting(source), S3_DAY)
    until(lambda: "up_for_retry" in airflow.states(run).values())
    task, tries, sentence = refusal(airflow, run, "up_for_retry")
    assert (task, tries) == ("feeds.ingest_marketplace", 1)
    assert f"at {stack.settings.lake_endpoint} failed: is S3 up and the connection" in sentence
    assert "`counterfeit status` shows the embedded one." in sentence
    start()
    assert airflow.ended(run) == "success"
    assert lake.manifest(QUARANTINE, ds=S3_DAY, marketplace=MARKETPLACE).rows == 1


@pytest.mark.parametrize("command", ["ingest", "validate", "score", "flag"])
def test_the_command_line_refuses_what_is_no_day(services, command):
    done = services.counterfeit(command, "2001-02-30")
    assert done.returncode == 2
    assert "'2001-02-30' is not a day such as 2026-11-22." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["ingest", DAY, "--marketplace", "nowhere"],
            "There is no marketplace 'nowhere' in {config}/marketplaces.yaml: add it there, or "
            "give a source.",
        ),
        (
            ["ingest", DAY, "--source", "feed.jsonl"],
            "Whose listings does feed.jsonl hold? Give exactly one marketplace beside it.",
        ),
        (
            ["labels", "/no/pictures"],
            "/no/pictures is not a folder: give one that holds a folder a class, or a .csv.",
        ),
        (
            ["retrain", "--set", "../x"],
            "'../x' cannot name a partition of labels: give a name without / and =.",
        ),
        (
            ["validate", "2001-01-09"],
            "s3://counterfeit/listings/ds=2001-01-09 was never published: run the DAG "
            "ingest_listings or `counterfeit ingest` for it first.",
        ),
        (
            ["flag", "2001-01-09"],
            "s3://counterfeit/scored_listings/ds=2001-01-09 was never published: run the DAG "
            "score_listings or `counterfeit score` for it first.",
        ),
    ],
)
def test_the_command_line_says_what_to_do(services, arguments, sentence):
    said = complaint(services.counterfeit(*arguments))
    assert said == sentence.format(config=services.settings.config_dir)


def test_scoring_by_hand_without_a_champion(services, without_champion):
    said = complaint(services.counterfeit("score", DAY))
    assert said.endswith("Run the DAG retrain_logo_model or `counterfeit retrain`.")


def test_retraining_without_any_labels(services):
    settings = services.settings
    boto3.client(
        "s3",
        endpoint_url=settings.lake_endpoint,
        aws_access_key_id=settings.lake_access_key,
        aws_secret_access_key=settings.lake_secret_key.get_secret_value(),
    ).create_bucket(Bucket="bad-input-empty")
    said = complaint(services.counterfeit("retrain", COUNTERFEIT_LAKE_BUCKET="bad-input-empty"))
    expected = "There are no labelled pictures: bring some in with `counterfeit labels DIR`."
    assert said == expected


def test_ingesting_with_s3_away(services, feed, unused_port):
    address = f"http://127.0.0.1:{unused_port}"
    source = feed("no JSON")
    arguments = ("ingest", DAY, "--marketplace", MARKETPLACE, "--source", source)
    said = complaint(services.counterfeit(*arguments, COUNTERFEIT_LAKE_ENDPOINT=address))
    assert f"at {address} failed: is S3 up and the connection `lake` right?" in said


def test_ingesting_into_a_bucket_that_does_not_exist(services, feed):
    arguments = ("ingest", DAY, "--marketplace", MARKETPLACE, "--source", feed("no JSON"))
    said = complaint(services.counterfeit(*arguments, COUNTERFEIT_LAKE_BUCKET="no-bucket"))
    assert "s3://no-bucket/" in said
    assert "is S3 up and the connection `lake` right?" in said


def test_flagging_with_the_warehouse_away(services, lake, unused_port):
    lake.write(SCORED_LISTINGS, SCORED_LISTINGS.schema.empty_table(), ds=DAY)
    address = f"127.0.0.1:{unused_port}/warehouse"
    uri = f"postgresql://platform:not-to-be-shown@{address}"
    done = services.counterfeit("flag", DAY, COUNTERFEIT_WAREHOUSE_URI=uri)
    # Asked for what it knows while the files come: nothing is evaluated in vain.
    assert f"reading at {address} failed: is PostgreSQL up and the connection" in complaint(done)
    assert "not-to-be-shown" not in done.stdout + done.stderr


def test_retraining_with_mlflow_away(services, label_sets, unused_port):
    address = f"http://127.0.0.1:{unused_port}"
    done = services.counterfeit("retrain", "--set", WHOLE_SET, COUNTERFEIT_MLFLOW_URI=address)
    said = complaint(done)
    assert said.startswith(f"MLflow at {address} failed over a new run: is it up, and")


def test_an_error_quotes_whatever_it_must(services):
    done = services.counterfeit("flag", DAY, COUNTERFEIT_CONFIG_DIR="/no[/]where[red]")
    assert complaint(done).startswith("/no[/]where[red]/brands.yaml cannot be read: No such file")
