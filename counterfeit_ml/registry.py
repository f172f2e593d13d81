"""The model registry: the only place that knows MLflow.

MLflow is imported inside the functions: it takes seconds, and most of the platform never needs it.
"""

import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.errors import NoChampionError, RegistryError
from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE
from counterfeit_ml.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from PIL import Image

MODEL = "logo-classifier"
EXPERIMENT = "logo-classifier"
CHAMPION = "champion"
LABELS_FILE = "labels.json"
"""Of a run: every picture and label it learned from, to tell new ones later."""
PYFUNC_CODE = Path(__file__).parent / "training" / "pyfunc_model.py"


class Registry:
    """Logged runs and the versions of the model ``logo-classifier``."""

    def __init__(self, settings: Settings) -> None:
        self.uri = settings.mlflow_uri
        self.cache = settings.cache_dir / "models"

    def champion(self) -> str:
        """The version that scores; ``NoChampionError``, or ``RegistryError`` if MLflow is away."""
        return str(self._version_of(CHAMPION).version)

    def fetch(self, version: str) -> Path:
        """A local folder with that version's ``logo.tflite`` and ``classes.json``."""
        with self._reporting(f"model {MODEL} version {version}"):
            model = self.client().get_model_version(MODEL, version)
        # The logged model's id tells our version 1 from that of another MLflow server.
        folder = self.cache / f"{version}-{str(model.source).rsplit('/', 1)[-1]}"
        if not folder.exists():
            self._download(version, folder)
        return folder

    def labels_of(self, version: str) -> set[tuple[str, str]]:
        """Each sha256 and label that this version's run had; none where it did not note them."""
        with self._reporting(f"the labels of {MODEL} version {version}"):
            run_id = str(self.client().get_model_version(MODEL, version).run_id)
            if LABELS_FILE not in {one.path for one in self.client().list_artifacts(run_id)}:
                return set()
            text = self._mlflow().artifacts.load_text(f"runs:/{run_id}/{LABELS_FILE}")
        table = json.loads(text)
        places = [table["columns"].index(name) for name in ("image_sha256", "label")]
        return {(row[places[0]], row[places[1]]) for row in table["data"]}

    @contextmanager
    def run(self, name: str, tags: Mapping[str, str]) -> Iterator["Run"]:
        """A run of the experiment; it ends as FAILED where the block raises."""
        mlflow = self._mlflow()
        with self._reporting("a new run"):
            mlflow.set_experiment(EXPERIMENT)
            started = mlflow.start_run(run_name=name, tags=dict(tags))
        with self._reporting(f"run {started.info.run_id}"), started:
            yield Run(mlflow, started.info.run_id)

    def describe(self, version: str, text: str) -> None:
        """Show ``text``, Markdown of at most 5,000 characters, on that version's page."""
        with self._reporting(f"the description of version {version}"):
            self.client().update_model_version(MODEL, version, text)

    def promote(self, version: str) -> None:
        """Make ``version`` the champion."""
        with self._reporting(f"alias {CHAMPION}"):
            self.client().set_registered_model_alias(MODEL, CHAMPION, version)

    def _download(self, version: str, folder: Path) -> None:
        self.cache.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=self.cache, prefix=".fetching-"))
        try:
            with self._reporting(f"model {MODEL} version {version}"):
                found = self._mlflow().artifacts.download_artifacts(
                    f"models:/{MODEL}/{version}/artifacts", dst_path=str(temporary)
                )
            missing = [n for n in (MODEL_FILE, CLASSES_FILE) if not (Path(found) / n).is_file()]
            if missing:
                raise RegistryError(
                    f"Version {version} of {MODEL} holds no {' and no '.join(missing)}: it was not "
                    "registered by retrain_logo_model, so retrain."
                )
            _move(Path(found), folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _version_of(self, alias: str) -> "ModelVersion":
        from mlflow.exceptions import MlflowException

        with self._reporting(f"alias {alias}"):
            try:
                return self.client().get_model_version_by_alias(MODEL, alias)
            except MlflowException as error:
                if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    raise
                raise NoChampionError(
                    f"No {alias} yet: no version of {MODEL} at {self.uri} has that alias. Run the "
                    "DAG retrain_logo_model or `counterfeit retrain`."
                ) from error

    def client(self) -> "MlflowClient":
        """MLflow's own client of this server."""
        client: MlflowClient = self._mlflow().MlflowClient(self.uri, self.uri)
        return client

    def _mlflow(self) -> ModuleType:
        import mlflow
        from mlflow import environment_variables as env

        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        # MLflow's own seven retries make a dead server take four minutes to be called dead.
        for variable, value in (
            (env.MLFLOW_HTTP_REQUEST_MAX_RETRIES, 2),
            (env.MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR, 1),
            (env.MLFLOW_HTTP_REQUEST_TIMEOUT, 30),
            (env.MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR, False),
        ):
            os.environ.setdefault(variable.name, str(value))
        # Its notes go to stderr, which Airflow shows as errors.
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        return mlflow

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        from mlflow.exceptions import MlflowException
        from requests import RequestException

        try:
            yield
        except (MlflowException, RequestException) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
            raise RegistryError(
                f"MLflow at {self.uri} failed over {what}: is it up, and COUNTERFEIT_MLFLOW_URI "
                f"right? `counterfeit status` shows the embedded one. ({reason})"
            ) from error


class Run:
    """One MLflow run in progress, and what a training may write into it."""

    def __init__(self, mlflow: ModuleType, run_id: str) -> None:
        self._mlflow = mlflow
        self.id = run_id

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Parameters of the training."""
        self._mlflow.log_params(dict(params))

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Metrics of the model."""
        self._mlflow.log_metrics(dict(metrics))

    def log_curve(self, name: str, values: Sequence[float]) -> None:
        """A metric's values step by step, in one request."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        metrics = [Metric(name, value, now, step) for step, value in enumerate(values)]
        self._mlflow.MlflowClient().log_batch(self.id, metrics=metrics)

    def log_figure(self, figure: "Figure", name: str) -> None:
        """A matplotlib figure as an artifact, e.g. ``confusion.png``."""
        self._mlflow.log_figure(figure, name)

    def log_image(self, image: "Image.Image", name: str) -> None:
        """A picture as an artifact, e.g. ``figures/label_issues.png``."""
        self._mlflow.log_image(image, name)

    def log_text(self, text: str, name: str) -> None:
        """A text as an artifact, e.g. ``model_card.md``."""
        self._mlflow.log_text(text, name)

    def log_table(self, columns: Mapping[str, list[Any]], name: str) -> None:
        """A table (a list for each column) as a JSON artifact that MLflow's pages can compare."""
        self._mlflow.log_table(dict(columns), name)

    def log_dataset(self, columns: Mapping[str, list[Any]], name: str, source: str) -> None:
        """The rows trained on, as the run's input; MLflow keeps their schema and digest."""
        import pandas as pd

        data = self._mlflow.data.from_pandas(pd.DataFrame(columns), source=source, name=name)
        self._mlflow.log_input(data, context="training")

    def register(self, folder: Path, example: NDArray[np.uint8]) -> str:
        """Log ``logo.tflite`` and ``classes.json`` of ``folder`` as a model and register it.

        ``example`` is one batch of pictures, uint8 (N, 224, 224, 3). Returns the new version,
        which is not the champion before :meth:`Registry.promote`.
        """
        info = self._mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PYFUNC_CODE),
            artifacts={"model": str(folder / MODEL_FILE), "classes": str(folder / CLASSES_FILE)},
            signature=_signature(folder),
            input_example=example,
            pip_requirements=_requirements(),
            registered_model_name=MODEL,
        )
        return str(info.registered_model_version)


def _signature(folder: Path) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    from counterfeit_ml.pictures import SIZE

    classes = json.loads((folder / CLASSES_FILE).read_text("utf-8"))
    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.uint8), (-1, SIZE, SIZE, 3))]),
        outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, len(classes)))]),
    )


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in ("mlflow", "ai-edge-litert", "numpy")]


def _move(source: Path, target: Path) -> None:
    """Rename ``source`` into place; another process that was quicker has the same content."""
    try:
        os.rename(source, target)
    except OSError:
        if not target.is_dir():
            raise
