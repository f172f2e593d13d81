"""A model that needs no training: it tells red pictures from blue ones."""

import json
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from counterfeit_ml.brands import load_brands
from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import ROOT, Settings

CLASSES = load_brands(ROOT / "config").classes


def register_colours(settings: Settings, folder: Path, classes: object = CLASSES) -> str:
    """A new version: gucci where red outweighs blue, else no_logo, whatever they are called."""
    (folder / MODEL_FILE).write_bytes(_network())
    (folder / CLASSES_FILE).write_text(json.dumps(classes))
    with Registry(settings).run("colours", {}) as run:
        return run.register(folder, np.zeros((1, 224, 224, 3), np.uint8))


def draw(*colour: int) -> bytes:
    """The JPEG bytes of a picture of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "JPEG")
    return buffer.getvalue()


@cache
def _network() -> bytes:
    import keras
    import tensorflow as tf

    pictures = keras.Input((224, 224, 3), dtype="uint8")
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pictures))
    dense = keras.layers.Dense(len(CLASSES), activation="softmax")
    network = keras.Model(pictures, dense(means))
    weights = np.zeros((3, len(CLASSES)))
    weights[0, CLASSES.index("gucci")] = weights[2, CLASSES.index("no_logo")] = 12.0
    dense.set_weights([weights, np.zeros(len(CLASSES))])
    return bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())
