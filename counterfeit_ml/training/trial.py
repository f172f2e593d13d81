"""A trial: learn from one folder of classes, measure on another. Needs no lake and no MLflow."""

import logging
import tempfile
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from counterfeit_ml.errors import TrainingError
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.pictures import decode
from counterfeit_ml.progress import track
from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.export import export
from counterfeit_ml.training.learning import learn
from counterfeit_ml.training.picture_folder import (
    SEEN_IN_TEST,
    PictureFolder,
    near_duplicates,
    read_folder,
)
from counterfeit_ml.training.weights import imagenet_weights

SEED = 2018
BATCH = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """What was learned from ``train``; how it did on pictures held out of it, and on ``test``."""

    train: PictureFolder
    test: PictureFolder
    held_out: Evaluation
    tested: Evaluation
    seconds: float


def run_trial(
    train_dir: Path,
    test_dir: Path,
    brands: Collection[str],
    cache_dir: Path,
    fine_tune: bool = True,
) -> Trial:
    """Train on ``train_dir``, and measure the exported LiteRT file on ``test_dir``.

    All classes there are, or ``brands`` and ``no_logo``. Training pictures of which ``test_dir``
    has a near-duplicate are not trained on. Raises ``TrainingError``.
    """
    start = time.monotonic()
    train, test = read_folder(train_dir, brands), read_folder(test_dir, brands)
    _check_classes(train, test, brands)
    apart = train.without(near_duplicates(train, test), SEEN_IN_TEST)
    _check_left(train, apart)
    data = apart.training_set()
    weights = imagenet_weights(cache_dir)
    log.info("training on %d pictures of %d classes", len(data.digests), len(data.classes))
    learned = learn(data, apart.load, weights, cache_dir, SEED, fine_tune)
    with tempfile.TemporaryDirectory() as name:
        log.info("exporting to LiteRT")
        export(learned.model, data.classes, Path(name))
        tested = _measure(LogoClassifier(Path(name)), test)
    return Trial(apart, test, learned.held_out, tested, time.monotonic() - start)


def _check_classes(train: PictureFolder, test: PictureFolder, brands: Collection[str]) -> None:
    unknown = set(brands) - set(train.classes)
    if unknown:
        raise TrainingError(
            f"{', '.join(sorted(unknown))}: no readable picture in {train.directory}, which has "
            f"{', '.join(train.classes)}."
        )
    missing = [name for name in test.classes if name not in train.classes]
    if missing:
        raise TrainingError(
            f"{', '.join(missing)}: in {test.directory}, but without a readable picture in "
            f"{train.directory}. Add pictures there, or name the other brands with --brands."
        )
    if len(train.classes) < 2:
        raise TrainingError(
            f"{train.directory} has pictures of {train.classes[0]} alone: a model needs two "
            "classes to tell apart."
        )


def _check_left(train: PictureFolder, apart: PictureFolder) -> None:
    gone = [name for name in train.classes if name not in apart.classes]
    if gone:
        raise TrainingError(
            f"{', '.join(gone)}: every picture in {train.directory} has a near-duplicate among the "
            "test pictures, so nothing is left to train on: add others, or take the copies out of "
            "the test."
        )


def _measure(classifier: LogoClassifier, test: PictureFolder) -> Evaluation:
    labels = [classifier.classes.index(one.label) for one in test.pictures]
    pictures = track(_decoded(test), "test pictures", len(labels))
    found = []
    while batch := list(islice(pictures, BATCH)):
        found.append(classifier.predict(np.stack(batch)))
    probabilities = np.concatenate(found).astype(np.float64)
    return Evaluation(classifier.classes, np.array(labels, np.int64), probabilities)


def _decoded(folder: PictureFolder) -> Iterator[NDArray[np.uint8]]:
    """The pictures' pixels, made in threads, at most ``BATCH`` ahead."""
    digests = [one.digest for one in folder.pictures]
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(digests), BATCH):
            part = digests[start : start + BATCH]
            yield from pool.map(lambda digest: decode(folder.load(digest)), part)
