"""Runs an exported logo model: which brand's logo a picture shows. Never imports TensorFlow."""

import json
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from counterfeit_ml.errors import RegistryError

MODEL_FILE = "logo.tflite"
CLASSES_FILE = "classes.json"


class LogoClassifier:
    """A LiteRT model with its classes. Not safe for several threads at once: make one each."""

    classes: tuple[str, ...]

    def __init__(self, folder: Path, threads: int = 2) -> None:
        """Load ``logo.tflite`` and ``classes.json``; ``RegistryError`` where they do not fit."""
        try:
            self.classes = tuple(json.loads((folder / CLASSES_FILE).read_text("utf-8")))
            self._interpreter = Interpreter(str(folder / MODEL_FILE), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            raise RegistryError(
                f"{folder} holds no usable logo model ({error}): delete the folder, it is fetched "
                "again; if it stays so, retrain."
            ) from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]
        if int(self._output["shape"][-1]) != len(self.classes):
            raise RegistryError(
                f"{folder}: the model gives {self._output['shape'][-1]} probabilities for "
                f"{len(self.classes)} classes: retrain."
            )

    def predict(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities, float32 (N, classes), of uint8 RGB pictures (N, 224, 224, 3), any N."""
        found = np.empty((len(pictures), len(self.classes)), np.float32)
        # One picture a call: its layers stay in the core's cache, where 16 take an eighth longer
        # each. So what a picture gets does not depend on those beside it, to the last bit.
        for number, picture in enumerate(pictures):
            self._interpreter.set_tensor(self._input, picture[np.newaxis])
            self._interpreter.invoke()
            found[number] = self._interpreter.get_tensor(self._output["index"])[0]
        return found
