"""What may score and what may not, by files alone."""

import json
import shutil

import numpy as np
import pytest

from counterfeit_ml.errors import BrokenModelError
from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE
from counterfeit_ml.soundness import digest_of, fault_of, sound_model
from tests.intrusions import NO_MODEL
from tests.models_made import colour_model
from tests.training.drawn import CLASSES


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return colour_model(tmp_path_factory.mktemp("model"))


def test_a_sound_model_is_given_back(sound):
    assert sound_model(sound, "It").classes == CLASSES


@pytest.mark.parametrize("part", range(0, 100, 5))
@NO_MODEL
def test_a_file_cut_anywhere_is_broken(sound, tmp_path, part):
    data = (sound / MODEL_FILE).read_bytes()
    shutil.copy(sound / CLASSES_FILE, tmp_path)
    (tmp_path / MODEL_FILE).write_bytes(data[: len(data) * part // 100])
    with pytest.raises(BrokenModelError, match=r"^It is broken: it does not run \("):
        sound_model(tmp_path, "It")


@pytest.mark.parametrize(
    ("classes", "fault"),
    [
        ("", "it does not run"),
        ("null", "it does not run"),
        ('["bars", "ring"]', "it does not run"),
        ('["bars", "ring", 3]', "holds something that is no name"),
        ('[["bars"], "ring", "no_logo"]', "holds something that is no name"),
        ('["bars", "", "no_logo"]', "holds something that is no name"),
        ('["bars", "bars", "no_logo"]', "names a class twice, or only one"),
        ('"bob"', "names a class twice, or only one"),
    ],
)
def test_wrong_classes_are_broken(sound, tmp_path, classes, fault):
    shutil.copy(sound / MODEL_FILE, tmp_path)
    (tmp_path / CLASSES_FILE).write_text(classes)
    with pytest.raises(BrokenModelError, match=fault):
        sound_model(tmp_path, "It")


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([[0.5, 0.5], [0.4, 0.6]], None),
        ([[0.5, np.nan], [0.4, 0.6]], "it gives probabilities that are no numbers"),
        ([[0.5, 0.6], [0.4, 0.6]], "its probabilities sum to 1.000 to 1.100, not to 1"),
        ([[1.5, -0.5], [0.4, 0.6]], "it gives probabilities below 0"),
        ([[0.4, 0.6], [0.4, 0.6]], "it gives the same probabilities whatever it is shown"),
        ([[0.4, 0.6]], None),
    ],
)
def test_the_faults_of_probabilities(rows, fault):
    assert fault_of(np.array(rows, np.float32)) == fault


def test_the_digest_knows_both_files(sound, tmp_path):
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    assert digest_of(tmp_path) == digest_of(sound)
    (tmp_path / CLASSES_FILE).write_text(json.dumps(["ring", "bars", "no_logo"]))
    assert digest_of(tmp_path) != digest_of(sound)
