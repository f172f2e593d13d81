"""Scores one shard: pictures from the lake through LiteRT to staged rows."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from counterfeit_ml.datasets import IMAGE_SCORES
from counterfeit_ml.errors import PartitionMissingError, PictureError
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.pictures import decode
from counterfeit_ml.progress import track
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import Settings

# LiteRT gains nothing beyond 16 pictures a call; 64 keep eight fetching threads busy.
BATCH = 64
FETCH_THREADS = 8

Picture = npt.NDArray[np.uint8] | str


def score_shard(settings: Settings, model_version: str, shard: str) -> str:
    """Score the pictures that the object ``shard`` lists; the staged part's key.

    A picture that cannot be read or decoded is a row with the reason. Raises ``LakeError``
    where the lake itself does not answer.
    """
    lake = Lake(settings)
    document = json.loads(lake.get(shard))
    # The run names the model and these very pictures: an earlier try has done all the work.
    for staged in lake.staged(IMAGE_SCORES, document["run"]):
        return staged
    classifier = LogoClassifier(Registry(settings).fetch(model_version))
    rows = list(
        track(
            _rows(lake, classifier, document["pictures"]),
            f"shard {document['number']} under model {model_version}",
            len(document["pictures"]),
        )
    )
    table = pa.Table.from_pylist(rows, IMAGE_SCORES.schema)
    return lake.stage(IMAGE_SCORES, table, document["run"], document["number"])


def _rows(lake: Lake, classifier: LogoClassifier, digests: list[str]) -> Iterator[dict[str, Any]]:
    with ThreadPoolExecutor(FETCH_THREADS) as threads:
        for batch in _batches(digests):
            pictures = list(threads.map(lambda digest: _fetch(lake, digest), batch))
            yield from _score_batch(classifier, batch, pictures)


def _fetch(lake: Lake, digest: str) -> Picture:
    """The picture ready for the model, or why it is not."""
    try:
        return decode(lake.get_image(digest))
    except (PictureError, PartitionMissingError) as error:
        return str(error)


def _score_batch(
    classifier: LogoClassifier, digests: list[str], pictures: list[Picture]
) -> Iterator[dict[str, Any]]:
    readable = [picture for picture in pictures if not isinstance(picture, str)]
    scored = iter(classifier.predict(np.stack(readable)).tolist() if readable else [])
    for digest, picture in zip(digests, pictures, strict=True):
        if isinstance(picture, str):
            yield {"image_sha256": digest, "probabilities": None, "error": picture}
        else:
            pairs = list(zip(classifier.classes, next(scored), strict=True))
            yield {"image_sha256": digest, "probabilities": pairs, "error": None}


def _batches(digests: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(digests), BATCH):
        yield digests[start : start + BATCH]
