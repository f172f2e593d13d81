"""The registered model's code ("models from code"): MLflow copies this file beside the model.

It imports nothing of the platform, so ``mlflow.pyfunc.load_model`` works anywhere.
"""

from typing import Any

import mlflow
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray


class LogoModel(PythonModel):
    """Pictures to probabilities with the LiteRT file."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the LiteRT file among the model's artifacts."""
        self._interpreter = Interpreter(context.artifacts["model"])

    def predict(
        self,
        context: PythonModelContext,
        model_input: NDArray[np.uint8],
        params: dict[str, Any] | None = None,
    ) -> NDArray[np.float32]:
        """Probabilities, float32 (N, classes), of uint8 RGB pictures (N, 224, 224, 3)."""
        index = self._interpreter.get_input_details()[0]["index"]
        self._interpreter.resize_tensor_input(index, model_input.shape, strict=True)
        self._interpreter.allocate_tensors()
        self._interpreter.set_tensor(index, model_input)
        self._interpreter.invoke()
        output = self._interpreter.get_output_details()[0]["index"]
        probabilities: NDArray[np.float32] = self._interpreter.get_tensor(output)
        return probabilities


mlflow.models.set_model(LogoModel())
