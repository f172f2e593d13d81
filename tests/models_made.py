"""Small real LiteRT models for the drawn pictures: they go by the colour of the mark."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE
from counterfeit_ml.registry import Registry
from tests.training.drawn import CLASSES

GOOD, WORSE = 165.0, 90.0  # how much bluer or redder than grey a spot is called a mark


def colour_model(
    folder: Path,
    threshold: float = GOOD,
    sharpness: float = 0.1,
    classes: Sequence[str] = CLASSES,
) -> Path:
    """Knows bars by their blue and a ring by its red; with ``WORSE`` it sees marks in cloth."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).write_bytes(_colour_network(threshold, sharpness))
    (folder / CLASSES_FILE).write_text(json.dumps(list(classes)))
    return folder


@cache
def _colour_network(threshold: float, sharpness: float) -> bytes:
    import keras

    from counterfeit_ml.training.network import to_litert

    pictures = keras.Input((224, 224, 3), dtype="uint8")
    tint = keras.layers.Conv2D(2, 1)
    head = keras.layers.Dense(3, activation="softmax")
    floats = keras.layers.Rescaling(1.0)(pictures)
    model = keras.Model(pictures, head(keras.layers.GlobalMaxPooling2D()(tint(floats))))
    kernel = np.array([[-1, 1], [0, 0], [1, -1]], np.float32)
    tint.set_weights([kernel.reshape(1, 1, 3, 2), np.full(2, -threshold, np.float32)])
    head.set_weights([sharpness * np.eye(2, 3, dtype=np.float32), np.zeros(3, np.float32)])
    return to_litert(model)


def register(registry: Registry, folder: Path, tags: Mapping[str, str] | None = None) -> str:
    """A version with the files of ``folder``, logged as a training does."""
    with registry.run("a model made for a test", tags or {}) as run:
        return run.register(folder, np.zeros((1, 224, 224, 3), np.uint8))
