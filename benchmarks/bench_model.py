"""How good the logo model is on real pictures that it has not seen, and how long it takes.

    python benchmarks/bench_model.py DATA

DATA holds ``ten_brands/`` and ``forty_one_brands/`` (a folder a class) and ``marketplace/`` (a feed
with its pictures and ``truth.jsonl``). Every picture is judged by a model trained without its fold;
near-duplicates share a fold. Prints one table and writes benchmarks/out/model.json.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from figures import report
from rich.console import Console

from counterfeit_ml.brands import NO_LOGO, load_brands
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.pictures import decode
from counterfeit_ml.training import network
from counterfeit_ml.training.dataset import FOLDS
from counterfeit_ml.training.evaluation import FLAG_CONFIDENCE
from counterfeit_ml.training.export import export
from counterfeit_ml.training.learning import Learned, learn
from counterfeit_ml.training.picture_folder import PictureFolder, read_folder
from counterfeit_ml.training.weights import imagenet_weights

OUT = Path(__file__).parent / "out" / "model.json"
CONFIG = Path(__file__).parent.parent / "config"
SEED = 2018
TARGETS = {
    "ten_brands_macro_f1": "at least 0.90",
    "ten_brands_no_logo_fpr": "at most 0.01",
    "ten_brands_ece": "at most 0.03",
    "forty_one_brands_top1": "at least 0.92",
    "marketplace_precision": "at least 0.90",
    "marketplace_recall": "at least 0.70",
    "head_retrain_s": "at most 60",
    "full_retrain_s": "at most 360",
    "litert_top1_agreement": "at least 0.999",
    "litert_max_abs_diff": "at most 0.001",
}

console = Console()


class Bench:
    """One cache of features for all trainings, as an installation has."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.weights = imagenet_weights(cache)

    def learned(self, folder: PictureFolder, **options: Any) -> tuple[Learned, float]:
        """A training, and its seconds."""
        began = time.perf_counter()
        data = folder.training_set()
        found = learn(data, folder.load, self.weights, self.cache, SEED, **options)
        return found, time.perf_counter() - began

    def ten_brands(self, folder: PictureFolder, market: Path) -> dict[str, float]:
        """Times, the exported file against Keras, the marketplace, and all five folds."""
        self.learned(folder, fine_tune=False)  # caches the features
        _, head_s = self.learned(folder, fine_tune=False)
        retrained, full_s = self.learned(folder)
        figures = {"head_retrain_s": head_s, "full_retrain_s": full_s}
        figures |= exported(retrained, folder, market)
        judged, _ = self.learned(folder, rehearsals=FOLDS)
        found = judged.held_out.metrics()
        return figures | {
            "ten_brands_accuracy": found["accuracy"],
            "ten_brands_macro_f1": found["macro_f1"],
            "ten_brands_head_only_macro_f1": judged.by_head.metrics()["macro_f1"],
            "ten_brands_no_logo_fpr": found["no_logo_false_positive_rate_at_0_89"],
            "ten_brands_ece": found["ece"],
            "ten_brands_recall": found["recall_at_0_89"],
        }

    def forty_one_brands(self, folder: PictureFolder) -> dict[str, float]:
        """All five folds."""
        judged, _ = self.learned(folder, rehearsals=FOLDS)
        return {
            "forty_one_brands_top1": judged.held_out.metrics()["accuracy"],
            "forty_one_brands_head_only_top1": judged.by_head.metrics()["accuracy"],
        }


def exported(learned: Learned, folder: PictureFolder, market: Path) -> dict[str, float]:
    """The LiteRT file against Keras, over all pictures, and on the marketplace."""
    classes = learned.held_out.classes
    with tempfile.TemporaryDirectory() as name:
        export(learned.model, classes, Path(name))
        classifier = LogoClassifier(Path(name))
        same, difference = [], 0.0
        for one in folder.pictures:
            batch = decode(folder.load(one.digest))[None]
            ours, keras = classifier.predict(batch), network.predict(learned.model, batch)
            same.append(bool(ours.argmax() == keras.argmax()))
            difference = max(difference, float(np.abs(ours - keras).max()))
        figures = marketplace(classifier, market)
    return figures | {
        "litert_top1_agreement": float(np.mean(same)),
        "litert_max_abs_diff": difference,
    }


def marketplace(classifier: LogoClassifier, folder: Path) -> dict[str, float]:
    """The origin's rule: confidence above 0.89, and the truth's price in USD below the floor."""
    floors = {key: brand.floor_usd for key, brand in load_brands(CONFIG).brands.items()}
    pictures = _pictures(folder / "listings.jsonl")
    hits = flags = wanted = 0
    for truth in map(json.loads, (folder / "truth.jsonl").read_text("utf-8").splitlines()):
        if "counterfeit" not in truth:
            continue
        data = (folder / pictures[truth["listing_id"]]).read_bytes()
        (row,) = classifier.predict(decode(data)[None])
        brand = classifier.classes[row.argmax()]
        flagged = (
            brand != NO_LOGO and row.max() > FLAG_CONFIDENCE and truth["price_usd"] < floors[brand]
        )
        flags, wanted = flags + flagged, wanted + truth["counterfeit"]
        hits += flagged and truth["counterfeit"]
    return {"marketplace_precision": hits / max(flags, 1), "marketplace_recall": hits / wanted}


def _pictures(feed: Path) -> dict[str, str]:
    """Listing to picture; a line that is no record is passed over, as ingestion does."""
    found: dict[str, str] = {}
    for line in feed.read_text("utf-8", "replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("image"), str):
            found.setdefault(str(record.get("listing_id")), record["image"])
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the three sets")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory(prefix="bench-model-") as cache:
        bench = Bench(Path(cache))
        figures = bench.ten_brands(read_folder(data / "ten_brands", ()), data / "marketplace")
        show(figures)
        figures |= bench.forty_one_brands(read_folder(data / "forty_one_brands", ()))
        show(figures)


def show(figures: dict[str, float]) -> None:
    """What is known so far: hours of work are not lost with the last step."""
    report("Logo model", figures, TARGETS, OUT, digits=4)


if __name__ == "__main__":
    main()
