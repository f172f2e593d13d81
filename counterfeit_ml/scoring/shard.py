"""Scores one shard: pictures from the lake through the engine to a staged part."""

import functools
import json

import pyarrow as pa

from counterfeit_ml.datasets import IMAGE_SCORES
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.patience import patiently
from counterfeit_ml.processes import cores
from counterfeit_ml.progress import track
from counterfeit_ml.registry import Registry
from counterfeit_ml.scoring.engine import score_pictures
from counterfeit_ml.settings import Settings


def score_shard(settings: Settings, model_version: str, shard: str) -> str:
    """Score the pictures that the object ``shard`` lists; the staged part's key.

    A picture that cannot be read or decoded is a row with the reason. Raises ``LakeError``
    where the lake itself does not answer for more than a minute.
    """
    lake = Lake(settings)
    document = json.loads(patiently(lambda: lake.get(shard)))
    # The run names the model and these very pictures: an earlier try has done all the work.
    for staged in patiently(lambda: lake.staged(IMAGE_SCORES, document["run"])):
        return staged
    batches = track(
        score_pictures(lake, _classifiers(settings, model_version), document["pictures"]),
        f"shard {document['number']} under model {model_version}",
        len(document["pictures"]),
        size=len,
    )
    table = pa.Table.from_batches(batches, IMAGE_SCORES.schema)
    return patiently(lambda: lake.stage(IMAGE_SCORES, table, document["run"], document["number"]))


@functools.lru_cache(maxsize=1)
def _classifiers(settings: Settings, model_version: str) -> tuple[LogoClassifier, ...]:
    """One for each core, loaded once a process: what a version holds never changes."""
    folder = patiently(lambda: Registry(settings).fetch(model_version))
    return tuple(LogoClassifier(folder, threads=1) for _ in range(cores()))
