"""The registered model's code ("models from code"): MLflow copies this file beside the model.

It imports nothing of the platform, so ``mlflow.pyfunc.load_model`` works anywhere.
"""

import mlflow
from ai_edge_litert.interpreter import Interpreter
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class LogoModel(PythonModel):
    """Pictures to probabilities with the LiteRT file."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the LiteRT file among the model's artifacts."""
        self._interpreter = Interpreter(context.artifacts["model"])

    # MLflow would take a type hint of model_input for the signature, and knows none for arrays.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        """Probabilities, float32 (N, classes), of uint8 RGB pictures (N, 224, 224, 3)."""
        index = self._interpreter.get_input_details()[0]["index"]
        self._interpreter.resize_tensor_input(index, model_input.shape, strict=True)
        self._interpreter.allocate_tensors()
        self._interpreter.set_tensor(index, model_input)
        self._interpreter.invoke()
        output = self._interpreter.get_output_details()[0]["index"]
        return self._interpreter.get_tensor(output)


mlflow.models.set_model(LogoModel())
