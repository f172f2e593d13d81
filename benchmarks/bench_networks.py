"""Which network and which input size: accuracy and LiteRT pictures a second, side by side.

    python benchmarks/bench_networks.py DATA

DATA is a folder a class, or holds ``ten_brands/``. Each candidate is a head on frozen ImageNet
layers, judged by grouped 5-fold cross-validation; where Keras cannot fetch a candidate's weights,
its row says so. Speeds are medians of rounds in which the candidates take turns. A cascade scores
all pictures at a small size and only the unsure ones again at a larger.

Prints one table, writes benchmarks/out/networks.json and docs/images/networks.png, and where the
stack is up (`make up`) logs a parent run with a nested run for each candidate to MLflow.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.special import softmax

from counterfeit_ml.pictures import SIZE, decode
from counterfeit_ml.progress import track
from counterfeit_ml.training import head, network
from counterfeit_ml.training.dataset import TrainingSet
from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.picture_folder import PictureFolder, read_folder
from counterfeit_ml.training.weights import imagenet_weights

HERE = Path(__file__).parent
SEED = 2018
SIZES = (128, 160, 192, 224, 256, 320)
ROUNDS, BATCH = 7, 16
UNSURE = (0.5, 0.7, 0.89)
"""A cascade asks again where the first answer is no surer than this."""
CASCADES = ((128, 224), (160, 224), (160, 320), (224, 320))

Floats = NDArray[np.floating[Any]]
Layers = Callable[[], keras.Model]
console = Console()


@dataclass(frozen=True)
class Candidate:
    """A network at one input size, and what was found of it."""

    name: str
    size: int
    macro_f1: float = float("nan")
    accuracy: float = float("nan")
    ece: float = float("nan")
    per_second: float = float("nan")
    note: str = ""


def others(size: int) -> dict[str, Layers]:
    """Networks whose weights Keras must be able to fetch."""
    shape, apps = (size, size, 3), keras.applications
    given: dict[str, Any] = {"input_shape": shape, "include_top": False, "weights": "imagenet"}
    return {
        "MobileNet v1 0.75": lambda: pooled(apps.MobileNet(alpha=0.75, **given)),
        "MobileNet v1 0.5": lambda: pooled(apps.MobileNet(alpha=0.5, **given)),
        "MobileNet v2 1.0": lambda: pooled(apps.MobileNetV2(**given)),
        "MobileNet v3 small": lambda: pooled(
            apps.MobileNetV3Small(include_preprocessing=False, **given)
        ),
    }


def pooled(base: keras.Model) -> keras.Model:
    """Averages and maxima of the last layer at each of the three smallest resolutions."""
    last = {layer.output.shape[1]: layer.output for layer in base.layers if layer.output.ndim == 4}
    parts = []
    for side in sorted(last)[:3]:
        for pool in (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D):
            parts.append(network.normalised(keras.ops.relu(pool()(last[side]))))
    return keras.Model(base.input, keras.layers.Concatenate()(parts))


class Bench:
    """The pictures, and for each candidate its features and its logits."""

    def __init__(self, folder: PictureFolder) -> None:
        self.folder, self.data = folder, folder.training_set()
        self.folds = list(self.data.folds(SEED))
        self.logits: dict[str, Floats] = {}
        self.models: dict[str, bytes] = {}

    def judge(self, candidate: Candidate, layers: Layers) -> Candidate:
        """Train and judge the head of one candidate; a note where it cannot be had."""
        try:
            model = layers()
        except Exception as error:
            reason = str(error).strip().splitlines()[0][:60]
            return replace(candidate, note=f"weights not to be had: {reason}")
        key = f"{candidate.name} {candidate.size}"
        features = self._features(model, candidate.size, key)
        logits = np.zeros((len(self.data.labels), len(self.data.classes)))
        for train, held in self.folds:
            fitted, _ = head.fit_head(features[train], self.data.labels[train], logits.shape[1])
            logits[held] = fitted.logits(features[held])
        self.logits[key] = logits / head.fit_temperature(logits, self.data.labels)
        return replace(candidate, **measures(self.data, self.logits[key]))

    def _features(self, model: keras.Model, size: int, key: str) -> NDArray[np.float32]:
        pictures = keras.Input((size, size, 3), dtype="uint8")
        whole = keras.Model(pictures, model(keras.layers.Rescaling(1 / 127.5, -1.0)(pictures)))
        self.models[key] = network.to_litert(whole)
        run = runner(self.models[key], size)
        decoded = track(self._decoded(size), key, len(self.data.digests))
        return np.concatenate([run(picture[None]) for picture in decoded])

    def _decoded(self, size: int) -> Iterator[NDArray[np.uint8]]:
        with ThreadPoolExecutor() as pool:
            yield from pool.map(lambda one: decode(self.folder.load(one), size), self.data.digests)

    def speeds(self) -> dict[str, float]:
        """Pictures a second of each model, its rounds in turn with the others'."""
        took: dict[str, list[float]] = {key: [] for key in self.models}
        sizes = {key: int(key.rsplit(" ", 1)[1]) for key in self.models}
        runs = {key: runner(content, sizes[key]) for key, content in self.models.items()}
        for turn in range(ROUNDS + 1):
            for key, run in runs.items():
                batch = np.full((BATCH, sizes[key], sizes[key], 3), 127, np.uint8)
                began = time.perf_counter()
                run(batch)
                took[key] += [time.perf_counter() - began] * (turn > 0)
        return {key: BATCH / float(np.median(seconds)) for key, seconds in took.items()}

    def cascade(self, small: int, large: int, unsure: float, speeds: dict[str, float]) -> Candidate:
        """The small size for all; the mean of both where it is unsure."""
        first, second = (self.logits[f"{V1} {size}"] for size in (small, large))
        again = softmax(first, axis=1).max(axis=1) <= unsure
        logits = np.where(again[:, None], (first + second) / 2, first)
        share = float(again.mean())
        seconds = 1 / speeds[f"{V1} {small}"] + share / speeds[f"{V1} {large}"]
        name = f"cascade {small}, {large} up to {unsure}"
        note = f"{share:.0%} asked again"
        found = Candidate(name, small, per_second=1 / seconds, note=note)
        return replace(found, **measures(self.data, logits))


V1 = "MobileNet v1 1.0"


def measures(data: TrainingSet, logits: Floats) -> dict[str, float]:
    """Of logits that are calibrated."""
    found = Evaluation(data.classes, data.labels, softmax(logits, axis=1)).metrics()
    return {name: found[name] for name in ("macro_f1", "accuracy", "ece")}


def runner(content: bytes, size: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """The LiteRT model on all cores, for batches of any length."""
    interpreter = Interpreter(model_content=content, num_threads=os.cpu_count())
    entry = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    shaped = [0]

    def run(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        if len(batch) != shaped[0]:
            interpreter.resize_tensor_input(entry, (len(batch), size, size, 3), strict=True)
            interpreter.allocate_tensors()
            shaped[0] = len(batch)
        interpreter.set_tensor(entry, batch)
        interpreter.invoke()
        found: NDArray[np.float32] = interpreter.get_tensor(result)
        return found

    return run


def main() -> None:
    """Measure, print, draw, write and log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a folder a class, or one that holds ten_brands/")
    data = parser.parse_args().data
    if not data.is_dir():
        parser.error(f"{data} is no folder: give DATA=folder with a folder of pictures a class.")
    inside = data / "ten_brands"
    bench = Bench(read_folder(inside if inside.is_dir() else data, ()))
    with tempfile.TemporaryDirectory() as cache:
        weights = imagenet_weights(Path(cache))
    candidates = [
        bench.judge(Candidate(V1, size), lambda size=size: network.feature_layers(weights, size))
        for size in SIZES
    ]
    candidates += [
        bench.judge(Candidate(name, SIZE), layers) for name, layers in others(SIZE).items()
    ]
    speeds = bench.speeds()
    candidates = [
        replace(one, per_second=speeds.get(f"{one.name} {one.size}", float("nan")))
        for one in candidates
    ]
    candidates += [
        bench.cascade(small, large, unsure, speeds)
        for small, large in CASCADES
        for unsure in UNSURE
    ]
    show(candidates)
    draw(candidates, HERE.parent / "docs" / "images" / "networks.png")
    log_to_mlflow(candidates, len(bench.data.digests))


def show(candidates: list[Candidate]) -> None:
    """The table, and the same as JSON."""
    table = Table(title="Networks, heads on frozen layers, grouped 5-fold")
    for column in ("network", "input", "macro-F1", "accuracy", "ECE", "pictures/s", "note"):
        table.add_column(column)
    for one in candidates:
        found = (one.macro_f1, one.accuracy, one.ece)
        figures = (f"{value:.3f}" for value in found)
        table.add_row(one.name, str(one.size), *figures, f"{one.per_second:.0f}", one.note)
    console.print(table)
    out = HERE / "out" / "networks.json"
    out.parent.mkdir(exist_ok=True)
    rows = [
        {key: None if value != value else value for key, value in asdict(one).items()}
        for one in candidates
    ]
    out.write_text(json.dumps(rows, indent=1))


def draw(candidates: list[Candidate], path: Path) -> None:
    """Accuracy against speed: the knee is where more pixels stop paying."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5))
    plain = [one for one in candidates if one.name == V1]
    cascades = [one for one in candidates if one.name.startswith("cascade")]
    rest = [one for one in candidates if one not in plain and one not in cascades]
    axes.plot([one.per_second for one in plain], [one.macro_f1 for one in plain], "o-", label=V1)
    for one in plain:
        axes.annotate(
            str(one.size), (one.per_second, one.macro_f1), (4, 6), textcoords="offset points"
        )
    for group, mark, label in ((cascades, "x", "cascades"), (rest, "s", "other networks")):
        if any(one.macro_f1 == one.macro_f1 for one in group):
            places = [one.per_second for one in group], [one.macro_f1 for one in group]
            axes.plot(*places, mark, label=label)
    axes.set_xscale("log")
    for axis in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        axis("{x:.0f}")
    axes.set_xlabel("pictures a second (LiteRT, all cores)")
    axes.set_ylabel("macro-F1, head on frozen layers")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.tight_layout()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)


def log_to_mlflow(candidates: list[Candidate], pictures: int) -> None:
    """A parent run with a nested run a candidate, where the platform runs."""
    import mlflow
    from requests import ConnectionError as AwayError
    from requests import get

    from counterfeit_ml.errors import ConfigError
    from counterfeit_ml.registry import Registry
    from counterfeit_ml.settings import Settings

    try:
        settings = Settings.load()
        get(f"{settings.mlflow_uri}/health", timeout=10).raise_for_status()
    except (ConfigError, AwayError) as error:
        console.print(f"Not logged to MLflow, it does not answer (make up starts it): {error}")
        return
    Registry(settings).client()  # tells MLflow where the server is, and the login
    mlflow.set_experiment("networks")
    with mlflow.start_run(run_name="networks") as parent:
        mlflow.log_param("pictures", pictures)
        mlflow.log_artifact(str(HERE.parent / "docs" / "images" / "networks.png"))
        for one in candidates:
            with mlflow.start_run(run_name=f"{one.name} {one.size}", nested=True):
                mlflow.log_params({"network": one.name, "input_size": one.size, "note": one.note})
                figures = {key: value for key, value in asdict(one).items() if key in FIGURES}
                mlflow.log_metrics({key: value for key, value in figures.items() if value == value})
    console.print(f"In MLflow: experiment networks, run {parent.info.run_id}")


FIGURES = ("macro_f1", "accuracy", "ece", "per_second")

if __name__ == "__main__":
    main()
