"""A champion that needs no training: it tells red pictures from blue ones."""

import json
from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml.brands import load_brands
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import ROOT

CLASSES = load_brands(ROOT / "config").classes


@pytest.fixture
def lake(services) -> Lake:
    return Lake(services.settings)


@pytest.fixture(scope="session")
def register_colours(services, tmp_path_factory) -> Callable[..., str]:
    """Registers a model: gucci where red outweighs blue, else no_logo, whatever they are called."""
    network = _colour_network()

    def register(classes: Sequence[str] = CLASSES) -> str:
        folder = tmp_path_factory.mktemp("colour-model")
        (folder / "logo.tflite").write_bytes(network)
        (folder / "classes.json").write_text(json.dumps(classes))
        with Registry(services.settings).run("colours", {}) as run:
            return run.register(folder, np.zeros((1, 224, 224, 3), np.uint8))

    return register


@pytest.fixture(scope="session")
def colour_model(register_colours) -> str:
    """Version of a registered model that knows the catalogue."""
    return register_colours()


def _colour_network() -> bytes:
    import keras
    import tensorflow as tf

    pictures = keras.Input((224, 224, 3), dtype="uint8")
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pictures))
    dense = keras.layers.Dense(len(CLASSES), activation="softmax")
    network = keras.Model(pictures, dense(means))
    weights = np.zeros((3, len(CLASSES)))
    weights[0, CLASSES.index("gucci")] = weights[2, -1] = 12.0
    dense.set_weights([weights, np.zeros(len(CLASSES))])
    return bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())


@pytest.fixture
def picture():
    """Makes the JPEG bytes of a picture of one colour."""

    def draw(*colour: int) -> bytes:
        buffer = BytesIO()
        Image.new("RGB", (64, 64), colour).save(buffer, "JPEG")
        return buffer.getvalue()

    return draw
