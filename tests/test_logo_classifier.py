"""The classifier on a LiteRT file made here: the mean colour, through a softmax."""

import json
import subprocess
import sys

import numpy as np
import pytest

from counterfeit_ml.errors import RegistryError
from counterfeit_ml.logo_classifier import LogoClassifier

CLASSES = ["red", "green", "blue"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import keras

    from counterfeit_ml.training.network import to_litert

    pictures = keras.Input((224, 224, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 25.5)(pictures)
    means = keras.layers.GlobalAveragePooling2D()(scaled)
    folder = tmp_path_factory.mktemp("model")
    model = keras.Model(pictures, keras.layers.Softmax()(means))
    (folder / "logo.tflite").write_bytes(to_litert(model))
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    return folder


def pictures(count):
    """Pictures of one colour each: red, green, blue, red, …"""
    colours = 255 * np.eye(3, dtype=np.uint8)[np.arange(count) % 3]
    return np.broadcast_to(colours[:, None, None, :], (count, 224, 224, 3)).copy()


@pytest.mark.parametrize("count", [0, 1, 16, 17, 40])
def test_any_number_of_pictures(folder, count):
    found = LogoClassifier(folder).predict(pictures(count))
    assert (found.shape, found.dtype) == ((count, 3), np.float32)
    assert found.argmax(axis=1).tolist() == [number % 3 for number in range(count)]
    # softmax of (10, 0, 0): e^10 / (e^10 + 2)
    assert found.max(axis=1) == pytest.approx(np.full(count, 0.9999092), abs=1e-6)


def test_a_picture_gets_the_same_in_any_batch(folder):
    classifier = LogoClassifier(folder)
    batch = np.random.default_rng(0).integers(0, 255, (19, 224, 224, 3), np.uint8)
    together = classifier.predict(batch)
    alone = np.concatenate([classifier.predict(batch[n : n + 1]) for n in range(19)])
    assert np.array_equal(together, alone)
    assert np.array_equal(classifier.predict(batch), together)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("logo.tflite", b"no model", "holds no usable logo model"),
        ("classes.json", b"{", "holds no usable logo model"),
        ("classes.json", b"5", "holds no usable logo model"),
        ("classes.json", b'["red"]', "the model gives 3 probabilities for 1 classes"),
    ],
)
def test_files_that_do_not_fit_are_named(folder, tmp_path, file, content, said):
    for name in ("logo.tflite", "classes.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / file).write_bytes(content)
    with pytest.raises(RegistryError, match=said):
        LogoClassifier(tmp_path)


def test_scoring_s_part_starts_without_tensorflow():
    code = (
        "import sys, counterfeit_ml.logo_classifier, counterfeit_ml.pictures, "
        "counterfeit_ml.registry, counterfeit_ml.training\n"
        "print(sorted({'keras', 'matplotlib', 'mlflow', 'sklearn', 'tensorflow'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
