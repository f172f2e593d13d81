"""The model registry: the only place that knows MLflow.

MLflow is imported inside the functions: it takes seconds, and most of the platform never needs it.
"""

import functools
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml import processes
from counterfeit_ml.errors import (
    BrokenModelError,
    NoChampionError,
    RegistryAwayError,
    RegistryError,
)
from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE, LogoClassifier
from counterfeit_ml.patience import patiently
from counterfeit_ml.settings import Settings
from counterfeit_ml.soundness import digest_of, sound_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import Run as LoggedRun
    from mlflow.entities.model_registry import ModelVersion
    from PIL import Image

MODEL = "logo-classifier"
EXPERIMENT = "logo-classifier"
LABELS_FILE = "labels.json"
"""Of a run: every picture and label it learned from, to tell new ones later."""
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous_champion"
LABEL_SETS = "label_sets"
"""Tag of a run: the label sets it took, with commas between."""
PYFUNC_CODE = Path(__file__).parent / "training" / "pyfunc_model.py"
MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")

Given = ParamSpec("Given")
Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Registry:
    """Logged runs and the versions of the model ``logo-classifier``."""

    def __init__(self, settings: Settings) -> None:
        self.uri = settings.mlflow_uri
        self._login = (settings.mlflow_username, settings.mlflow_password)
        self.cache = settings.cache_dir / "models"
        self._in_run = False

    def champion(self) -> str:
        """The version that scores; ``NoChampionError``, or ``RegistryError`` if MLflow is away."""
        return str(self._version_of(CHAMPION).version)

    def fetch(self, version: str) -> Path:
        """A local folder with that version's ``logo.tflite`` and ``classes.json``."""
        # The logged model's id tells our version 1 from that of another MLflow server.
        source = str(self._version(version).source).rsplit("/", 1)[-1]
        folder = self.cache / f"{version}-{source}"
        if not folder.exists():
            with self._downloaded(version) as found:
                _move(found, folder)
        return folder

    def labels_of(self, version: str) -> set[tuple[str, str]]:
        """Each sha256 and label that this version's run had; none where it did not note them."""
        run_id = self.run_of(version)
        table = self._ask(f"the labels of {MODEL} version {version}", lambda: self._labels(run_id))
        places = [table["columns"].index(name) for name in ("image_sha256", "label")]
        return {(row[places[0]], row[places[1]]) for row in table["data"]}

    def label_sets_of(self, version: str) -> tuple[str, ...]:
        """The label sets that this version's run took; none where it did not say."""
        tags = self._run(self.run_of(version)).data.tags
        return tuple(tags[LABEL_SETS].split(",")) if LABEL_SETS in tags else ()

    def sound(self, version: str) -> LogoClassifier:
        """That version, downloaded anew and tried; ``BrokenModelError`` if it must not score."""
        with self._downloaded(version) as folder:
            digest = self.tags(version).get("sha256")
            if digest not in (None, digest_of(folder)):
                raise BrokenModelError(
                    f"Version {version} of {MODEL} is broken: its files are not those registered. "
                    "The champion stays as it is; retrain, or choose another version."
                )
            return sound_model(folder, f"Version {version} of {MODEL}")

    def tags(self, version: str) -> dict[str, str]:
        """The tags of a version."""
        return dict(self._version(version).tags)

    def tag(self, version: str, tags: Mapping[str, str]) -> None:
        """Set tags of a version."""
        client = self.client()
        for key, value in tags.items():
            action = functools.partial(client.set_model_version_tag, MODEL, version, key, value)
            self._ask(f"tag {key} of version {version}", action)

    def holder(self, alias: str) -> str | None:
        """The version that has this alias, if any has."""
        with suppress(NoChampionError):
            return str(self._version_of(alias).version)
        return None

    def name(self, alias: str, version: str) -> None:
        """Give ``version`` an alias that decides nothing; ``champion`` is :meth:`promote`'s."""
        if alias == CHAMPION:
            raise ValueError("only promote and restore make a champion")
        self._name(alias, version)

    @contextmanager
    def run(self, name: str, tags: Mapping[str, str]) -> Iterator["Run"]:
        """A run of the experiment; it ends as FAILED where the block raises.

        Inside, MLflow may be away for a minute. Runs that an earlier process left are ended first.
        """
        mlflow = self._mlflow()
        with self._reporting("a new run"):
            experiment = mlflow.set_experiment(EXPERIMENT)
            self._end_abandoned(experiment.experiment_id)
            own = {"process": processes.current()}
            run_id = mlflow.start_run(run_name=name, tags={**tags, **own}).info.run_id
        self._in_run = True
        try:
            with self._reporting(f"run {run_id}"):
                yield Run(self, mlflow, run_id)
        except BaseException as error:
            self._fail(run_id, error)
            raise
        else:
            self._end(run_id, "FINISHED")
        finally:
            self._in_run = False

    def describe(self, version: str, text: str) -> None:
        """Show ``text``, Markdown of at most 5,000 characters, on that version's page."""
        self._ask(
            f"the description of version {version}",
            lambda: self.client().update_model_version(MODEL, version, text),
        )

    def promote(self, version: str) -> None:
        """Make ``version`` the champion, if its file runs; else ``BrokenModelError``."""
        self._crown(version, self.holder(CHAMPION))

    def restore(self, version: str) -> None:
        """As :meth:`promote`, for a former champion: the one before it stays what it was."""
        self._crown(version, None)

    def _crown(self, version: str, instead_of: str | None) -> None:
        self.sound(version)
        tags = {"champion_since": datetime.now(UTC).isoformat(timespec="seconds")}
        if instead_of not in (None, version):
            tags["champion_before"] = str(instead_of)
        self.tag(version, tags)
        before = self.tags(version).get("champion_before")
        if before is None:
            self._unname(PREVIOUS)
        else:
            self._name(PREVIOUS, before)
        if self.holder(CHALLENGER) == version:
            self._unname(CHALLENGER)
        self._name(CHAMPION, version)

    def run_url(self, run_id: str) -> str:
        """The page of a run."""
        return f"{self.uri}/#/experiments/{self._experiment(run_id)}/runs/{run_id}"

    def compare_url(self, run_ids: Sequence[str]) -> str:
        """The page that compares runs."""
        experiments = json.dumps([self._experiment(run_ids[0])])
        runs = json.dumps(list(run_ids))
        return f"{self.uri}/#/compare-runs?runs={quote(runs)}&experiments={quote(experiments)}"

    def run_of(self, version: str) -> str:
        """The run that made a version."""
        return str(self._version(version).run_id)

    def _labels(self, run_id: str) -> dict[str, list[Any]]:
        if LABELS_FILE not in {one.path for one in self.client().list_artifacts(run_id)}:
            return {"columns": ["image_sha256", "label"], "data": []}
        text = self._mlflow().artifacts.load_text(f"runs:/{run_id}/{LABELS_FILE}")
        found: dict[str, list[Any]] = json.loads(text)
        return found

    def _experiment(self, run_id: str) -> str:
        return str(self._run(run_id).info.experiment_id)

    def _run(self, run_id: str) -> "LoggedRun":
        return self._ask(f"run {run_id}", lambda: self.client().get_run(run_id))

    def _version(self, version: str) -> "ModelVersion":
        return self._ask(
            f"model {MODEL} version {version}",
            lambda: self.client().get_model_version(MODEL, version),
        )

    def _name(self, alias: str, version: str) -> None:
        self._ask(
            f"alias {alias}",
            lambda: self.client().set_registered_model_alias(MODEL, alias, version),
        )

    def _unname(self, alias: str) -> None:
        self._ask(
            f"alias {alias}", lambda: self.client().delete_registered_model_alias(MODEL, alias)
        )

    def _end_abandoned(self, experiment_id: str) -> None:
        """Runs whose process is gone stay RUNNING for ever unless someone ends them."""
        client = self.client()
        active = self._mlflow().active_run()
        for run in client.search_runs([experiment_id], "attributes.status = 'RUNNING'"):
            run_id, process = run.info.run_id, run.data.tags.get("process")
            if active is not None and active.info.run_id == run_id:
                continue
            if process is not None and processes.is_gone(process, run.info.start_time / 1000):
                log.warning("run %s is marked FAILED: its process %s is gone", run_id, process)
                client.set_tag(run_id, "failure", "Its process ended before it could say how.")
                client.set_terminated(run_id, "FAILED")

    def _fail(self, run_id: str, error: BaseException) -> None:
        reason = (str(error).strip() or type(error).__name__)[:500]
        try:
            self._end(run_id, "FAILED")
            self._ask(f"run {run_id}", lambda: self.client().set_tag(run_id, "failure", reason))
        except RegistryError:
            log.warning("run %s stays RUNNING: the next retraining marks it FAILED", run_id)

    def _end(self, run_id: str, status: str) -> None:
        def end() -> None:
            mlflow = self._mlflow()
            active = mlflow.active_run()
            # end_run forgets the run even where MLflow does not answer.
            if active is not None and active.info.run_id == run_id:
                mlflow.end_run(status)
            else:
                self.client().set_terminated(run_id, status)

        self._ask(f"the end of run {run_id}", end)

    @contextmanager
    def _downloaded(self, version: str) -> Iterator[Path]:
        """A folder with the files of that version as MLflow has them now."""
        self.cache.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=self.cache, prefix=".fetching-"))
        try:
            found = self._ask(
                f"model {MODEL} version {version}",
                lambda: self._mlflow().artifacts.download_artifacts(
                    f"models:/{MODEL}/{version}/artifacts", dst_path=str(temporary)
                ),
            )
            missing = [n for n in (MODEL_FILE, CLASSES_FILE) if not (Path(found) / n).is_file()]
            if missing:
                raise BrokenModelError(
                    f"Version {version} of {MODEL} holds no {' and no '.join(missing)}: it was not "
                    "registered by retrain_logo_model, so retrain."
                )
            yield Path(found)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _version_of(self, alias: str) -> "ModelVersion":
        from mlflow.exceptions import MlflowException

        def ask() -> "ModelVersion":
            try:
                return self.client().get_model_version_by_alias(MODEL, alias)
            except MlflowException as error:
                if error.error_code not in MISSING:
                    raise
                raise NoChampionError(
                    f"No {alias} yet: no version of {MODEL} at {self.uri} has that alias. Run the "
                    "DAG retrain_logo_model or `counterfeit retrain`."
                ) from error

        return self._ask(f"alias {alias}", ask)

    def client(self) -> "MlflowClient":
        """MLflow's own client of this server."""
        client: MlflowClient = self._mlflow().MlflowClient(self.uri, self.uri)
        return client

    def _mlflow(self) -> ModuleType:
        import mlflow
        from mlflow import environment_variables as env

        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        username, password = self._login
        # The only way in that its client has beside a file in the person's home.
        os.environ[env.MLFLOW_TRACKING_USERNAME.name] = username
        os.environ[env.MLFLOW_TRACKING_PASSWORD.name] = password.get_secret_value()
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

    def _ask(self, what: str, action: Callable[[], Result]) -> Result:
        """What ``action`` gives; inside a run, whose work would be lost, it is tried again."""

        def ask() -> Result:
            with self._reporting(what):
                return action()

        return patiently(ask) if self._in_run else ask()

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        from mlflow.exceptions import MlflowException
        from requests import RequestException

        try:
            yield
        except (MlflowException, RequestException) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
            kind = RegistryAwayError if _is_away(error) else RegistryError
            raise kind(
                f"MLflow at {self.uri} failed over {what}: is it up, and COUNTERFEIT_MLFLOW_URI "
                f"right? `counterfeit status` shows the embedded one. ({reason})"
            ) from error


def _asked(
    method: "Callable[Concatenate[Run, Given], Result]",
) -> "Callable[Concatenate[Run, Given], Result]":
    """A method of :class:`Run` that is tried again while MLflow is away."""

    @functools.wraps(method)
    def call(run: "Run", /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        return run.ask(lambda: method(run, *args, **kwargs))

    return call


class Run:
    """One MLflow run in progress, and what a training may write into it."""

    def __init__(self, registry: Registry, mlflow: ModuleType, run_id: str) -> None:
        self._registry, self._mlflow = registry, mlflow
        self.id = run_id

    def ask(self, action: Callable[[], Result]) -> Result:
        """What ``action`` gives, tried again while MLflow is away."""
        return self._registry._ask(f"run {self.id}", action)

    @_asked
    def log_params(self, params: Mapping[str, Any]) -> None:
        """Parameters of the training."""
        self._mlflow.log_params(dict(params))

    @_asked
    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Metrics of the model."""
        self._mlflow.log_metrics(dict(metrics))

    @_asked
    def log_curve(self, name: str, values: Sequence[float]) -> None:
        """A metric's values step by step, in one request."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        metrics = [Metric(name, value, now, step) for step, value in enumerate(values)]
        self._mlflow.MlflowClient().log_batch(self.id, metrics=metrics)

    @_asked
    def log_figure(self, figure: "Figure", name: str) -> None:
        """A matplotlib figure as an artifact, e.g. ``confusion.png``."""
        self._mlflow.log_figure(figure, name)

    @_asked
    def log_image(self, image: "Image.Image", name: str) -> None:
        """A picture as an artifact, e.g. ``figures/label_issues.png``."""
        self._mlflow.log_image(image, name)

    @_asked
    def log_text(self, text: str, name: str) -> None:
        """A text as an artifact, e.g. ``model_card.md``."""
        self._mlflow.log_text(text, name)

    @_asked
    def log_table(self, columns: Mapping[str, list[Any]], name: str) -> None:
        """A table (a list for each column) as a JSON artifact that MLflow's pages can compare."""
        self._mlflow.log_table(dict(columns), name)

    @_asked
    def log_dataset(self, columns: Mapping[str, list[Any]], name: str, source: str) -> None:
        """The rows trained on, as the run's input; MLflow keeps their schema and digest."""
        import pandas as pd

        data = self._mlflow.data.from_pandas(pd.DataFrame(columns), source=source, name=name)
        self._mlflow.log_input(data, context="training")

    def register(self, folder: Path, example: NDArray[np.uint8]) -> str:
        """Log ``logo.tflite`` and ``classes.json`` of ``folder`` as a model and register it.

        ``example`` is one batch of pictures, uint8 (N, 224, 224, 3). Returns the new version,
        the challenger, which is not the champion before :meth:`Registry.promote`.
        """
        model = self._log_model(folder, example)
        version = self._register(model)
        self._registry.tag(version, {"sha256": digest_of(folder)})
        self._registry.name(CHALLENGER, version)
        return version

    @_asked
    def _log_model(self, folder: Path, example: NDArray[np.uint8]) -> str:
        info = self._mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PYFUNC_CODE),
            artifacts={"model": str(folder / MODEL_FILE), "classes": str(folder / CLASSES_FILE)},
            signature=_signature(folder),
            input_example=example,
            pip_requirements=_requirements(),
        )
        return str(info.model_uri)

    @_asked
    def _register(self, model: str) -> str:
        return str(self._mlflow.register_model(model, MODEL).version)


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


def _is_away(error: Exception) -> bool:
    """Whether the same request may be answered in a moment."""
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        status = int(error.get_http_status_code())  # type: ignore[no-untyped-call]
    else:
        response = getattr(error, "response", None)
        status = 503 if response is None else int(response.status_code)
    return status >= 500 or status == 429


def _move(source: Path, target: Path) -> None:
    """Rename ``source`` into place; another process that was quicker has the same content."""
    try:
        os.rename(source, target)
    except OSError:
        if not target.is_dir():
            raise
