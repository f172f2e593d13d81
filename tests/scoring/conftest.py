"""A champion that needs no training: it tells red pictures from blue ones."""

import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry

CLASSES = ("gucci", "no_logo")


@pytest.fixture
def lake(services) -> Lake:
    return Lake(services.settings)


@pytest.fixture(scope="session")
def colour_model(services, tmp_path_factory) -> str:
    """Version of a registered model: gucci where red outweighs blue, else no_logo."""
    folder = tmp_path_factory.mktemp("colour-model")
    (folder / "logo.tflite").write_bytes(_colour_network())
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    with Registry(services.settings).run("colours", {}) as run:
        return run.register(folder, np.zeros((1, 224, 224, 3), np.uint8))


def _colour_network() -> bytes:
    import keras
    import tensorflow as tf

    pictures = keras.Input((224, 224, 3), dtype="uint8")
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pictures))
    dense = keras.layers.Dense(2, activation="softmax")
    network = keras.Model(pictures, dense(means))
    dense.set_weights([np.array([[9.0, 0], [0, 0], [0, 9.0]]), np.zeros(2)])
    return bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())


@pytest.fixture
def picture():
    """Makes the JPEG bytes of a picture of one colour."""

    def draw(*colour: int) -> bytes:
        buffer = BytesIO()
        Image.new("RGB", (64, 64), colour).save(buffer, "JPEG")
        return buffer.getvalue()

    return draw
