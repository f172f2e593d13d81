"""One real training on drawn folders, and folders that cannot be measured."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from counterfeit_ml import cli
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.training.picture_folder import SEEN_IN_TEST
from counterfeit_ml.training.trial import run_trial
from tests.training.drawn import draw_labels, picture


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """Eight pictures a class to learn from, four to measure on; one is in both, one unreadable."""
    root = tmp_path_factory.mktemp("trial")
    train = draw_labels(root / "train", each=8)
    test = draw_labels(root / "test", each=4, first=100)
    Image.open(test / "ring" / "100.jpg").resize((200, 240)).save(train / "ring" / "seen.png")
    (test / "bars" / "page.jpg").write_text("<html>gone</html>")
    return train, test


@pytest.fixture(scope="module")
def evaluated(folders, cache_dir, tmp_path_factory):
    """The output and the JSON of `counterfeit evaluate`, which finds no stack and needs none."""
    out = tmp_path_factory.mktemp("out") / "measures.json"
    train, test = (str(folder) for folder in folders)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("COUNTERFEIT_CACHE_DIR", str(cache_dir))
        environment.setattr(cli, "console", Console(width=120))
        done = CliRunner().invoke(
            cli.app,
            [
                *("evaluate", "--train", train, "--test", test, "--out", str(out)),
                "--no-fine-tune",
            ],
        )
    assert done.exit_code == 0, done.output
    return done.output, json.loads(out.read_text())


def test_it_measures_on_the_test_folder(evaluated):
    _, measures = evaluated
    assert measures["pictures"] == 12
    assert measures["top1"] > 0.8
    assert measures["macro_f1"] > 0.8
    assert 0 <= measures["ece"] < 0.5
    assert measures["threshold"] == 0.89
    assert (measures["precision"], measures["no_logo_fpr"]) == (1, 0)
    assert 0 <= measures["recall"] <= 1
    classes = {row["class"]: row for row in measures["classes"]}
    assert set(classes) == {"bars", "ring", "no_logo"}
    assert classes["ring"]["pictures"] == 4
    assert len(measures["thresholds"]) == 100
    assert set(measures["held_out"]) <= set(measures)


def test_it_says_what_became_of_the_files(evaluated):
    shown, measures = evaluated
    assert measures["train"]["pictures"] == 24
    assert measures["train"]["left_out"] == {SEEN_IN_TEST: 1}
    assert measures["test"]["unreadable"] == {"unreadable": 1}
    assert "Measured on 12 pictures it never saw" in shown
    assert "not used: near-duplicate of a test picture" in shown
    assert "not used: unreadable" in shown


def test_classes_that_were_not_taught_are_named(folders, cache_dir, tmp_path):
    train, test = folders
    extended = tmp_path / "extended"
    shutil.copytree(test, extended)
    (extended / "star").mkdir()
    (extended / "star" / "0.jpg").write_bytes(picture("bars", 200))
    with pytest.raises(TrainingError, match=r"^star: in .*extended, but without a readable"):
        run_trial(train, extended, (), cache_dir)
    with pytest.raises(TrainingError, match=r"^moon, star: no readable picture in .*train, which"):
        run_trial(train, extended, ("star", "moon", "ring"), cache_dir)


def test_one_class_is_not_enough(folders, cache_dir):
    train, _ = folders
    with pytest.raises(TrainingError, match="holds no readable picture in a folder named by"):
        run_trial(train / "ring", train, (), cache_dir)


def test_a_class_that_the_test_repeats_whole_cannot_be_taught(folders, cache_dir, tmp_path):
    train, test = folders
    same = tmp_path / "same"
    shutil.copytree(test, same)
    shutil.copytree(train / "bars", same / "bars", dirs_exist_ok=True)
    with pytest.raises(TrainingError, match=r"^bars: every picture in .*train has a near-dupl"):
        run_trial(train, same, (), cache_dir)
