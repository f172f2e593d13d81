import pytest
from typer.testing import CliRunner

from counterfeit_ml.cli import app

COMMANDS = (
    "up",
    "status",
    "down",
    "logs",
    "login",
    "psql",
    "airflow",
    "demo",
    "ingest",
    "validate",
    "labels",
    "evaluate",
    "retrain",
    "promote",
    "rollback",
    "score",
    "flag",
    "drift",
)


def invoke(*arguments: str):
    return CliRunner().invoke(app, arguments)


def test_without_arguments_it_teaches_every_command():
    shown = invoke("--help").output
    for command in COMMANDS:
        assert f" {command} " in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does(command):
    done = invoke(command, "--help")
    assert done.exit_code == 0
    assert len(done.output.split()) > 10


@pytest.mark.parametrize("command", ["ingest", "validate", "score", "flag", "drift"])
@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026-11-22/.."])
def test_a_day_that_is_none_is_refused(command, day):
    done = invoke(command, day)
    assert done.exit_code == 2
    assert "is not a day such as" in done.output


def test_ingesting_needs_a_day_or_a_page():
    done = invoke("ingest")
    assert done.exit_code == 2
    assert "give a day such as 2026-11-22, or --dry-run URL" in done.output


def test_ingesting_teaches_by_examples():
    shown = invoke("ingest", "--help").output
    assert "counterfeit ingest --dry-run https://www.example.com/item/1" in shown
    for option in ("--marketplace", "--source", "--max-pages", "--max-bytes", "--force"):
        assert option in shown


def test_evaluating_teaches_by_examples():
    shown = invoke("evaluate", "--help").output
    assert "counterfeit evaluate --train train/ --test test/ --out" in shown
    for option in ("--train", "--test", "--out", "--brands"):
        assert option in shown


def test_evaluating_needs_two_folders_and_a_place_to_write(tmp_path):
    file = tmp_path / "file"
    file.touch()
    both = ("--train", str(tmp_path), "--test", str(tmp_path))
    for arguments in (
        both[:2],
        ("--train", str(tmp_path / "nowhere"), *both[2:]),
        (*both[:2], "--test", str(file)),
        (*both, "--out", str(tmp_path)),
        (*both, "--out", str(tmp_path / "nowhere" / "measures.json")),
    ):
        assert invoke("evaluate", *arguments).exit_code == 2


def test_labels_and_retraining_take_any_classes():
    for command, options in {
        "labels": ("--name", "--origin", "--brands", "seller_id", "s3://bucket"),
        "retrain": ("--set", "--labels", "--brands"),
    }.items():
        shown = invoke(command, "--help").output
        for option in options:
            assert option in shown
    done = invoke("labels", "x", "--origin", "rumour")
    assert done.exit_code == 2
    assert "Invalid value for '--origin'" in done.output
