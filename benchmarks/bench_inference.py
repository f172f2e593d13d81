"""Pictures a second of the same MobileNet v1: Keras `predict` against the LiteRT file that scores.

Both sides run in turn in one process, several rounds; the medians and their ratio are printed and
written to benchmarks/out/inference.json. Weights are random: speed does not depend on them.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from counterfeit_ml.logo_classifier import CLASSES_FILE, MODEL_FILE, LogoClassifier

CLASSES = 11
PICTURES = 64
ROUNDS = 5
OUT = Path(__file__).parent / "out" / "inference.json"

Predict = Callable[[NDArray[np.uint8]], object]


def network() -> keras.Model:
    """MobileNet v1 1.0 at 224 with a softmax over the classes, uint8 RGB in."""
    pictures = keras.Input((224, 224, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(pictures)
    base = keras.applications.MobileNet(weights=None, include_top=False, pooling="avg")
    return keras.Model(pictures, keras.layers.Dense(CLASSES, "softmax")(base(scaled)))


def exported(model: keras.Model, folder: Path) -> LogoClassifier:
    """The same network as the file that scoring loads."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    (folder / MODEL_FILE).write_bytes(converter.convert())
    (folder / CLASSES_FILE).write_text(json.dumps([str(number) for number in range(CLASSES)]))
    return LogoClassifier(folder)


def rate(predict: Predict, pictures: NDArray[np.uint8]) -> float:
    """Pictures a second of one pass."""
    began = time.perf_counter()
    predict(pictures)
    return len(pictures) / (time.perf_counter() - began)


def main() -> None:
    """Measure, print and write."""
    model = network()
    pictures = np.random.default_rng(0).integers(0, 256, (PICTURES, 224, 224, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        classifier = exported(model, Path(folder))
        sides: dict[str, Predict] = {
            "keras_batch_1": lambda batch: model.predict(batch, batch_size=1, verbose=0),
            "keras_batch_64": lambda batch: model.predict(batch, batch_size=64, verbose=0),
            "litert": classifier.predict,
        }
        for predict in sides.values():
            predict(pictures[:16])
        rates = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, predict in sides.items():
                rates[name].append(rate(predict, pictures))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    report(medians)


def report(medians: dict[str, float]) -> None:
    """A table, and the same figures as JSON."""
    table = Table("side", "pictures/s (median)", "LiteRT is faster by")
    for name, median in medians.items():
        table.add_row(name, f"{median:.1f}", f"{medians['litert'] / median:.2f}")
    Console().print(table)
    OUT.parent.mkdir(exist_ok=True)
    ratios = {f"ratio_vs_{name}": medians["litert"] / median for name, median in medians.items()}
    OUT.write_text(json.dumps({**medians, **ratios}, indent=1))


if __name__ == "__main__":
    main()
