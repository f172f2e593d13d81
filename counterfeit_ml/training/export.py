"""Writes a model as the two files that score."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE
from counterfeit_ml.training import network

if TYPE_CHECKING:
    import keras


def export(model: "keras.Model", classes: Sequence[str], folder: Path) -> None:
    """``logo.tflite`` and ``classes.json`` into ``folder``."""
    (folder / MODEL_FILE).write_bytes(network.to_litert(model))
    (folder / CLASSES_FILE).write_text(json.dumps(classes), "utf-8")
