"""Scoring: the champion over every picture it has not seen, for every active listing.

Three steps, so that the middle one can be mapped over shards on many workers:
:func:`plan` finds the pictures to score and cuts them into shards, :func:`score_shard` scores
one shard unseen by readers, :func:`publish` makes the scores and the scored listings visible.
TensorFlow is never imported here: LiteRT starts in half a second, TensorFlow in ten.
"""

import logging
import time

from counterfeit_ml.registry import Registry
from counterfeit_ml.scoring.planning import pictures_in, plan
from counterfeit_ml.scoring.publication import ScoredDay, publish
from counterfeit_ml.scoring.shard import score_shard
from counterfeit_ml.settings import Settings

__all__ = ["ScoredDay", "champion", "plan", "publish", "score", "score_shard"]

log = logging.getLogger(__name__)


def champion(settings: Settings) -> str:
    """Version of the model that scores; ``RegistryError`` where there is none yet."""
    return Registry(settings).champion()


def score(settings: Settings, ds: str) -> ScoredDay:
    """All three steps in this process, for a person without Airflow at hand."""
    version = champion(settings)
    shards = plan(settings, ds, version)
    return publish(settings, ds, version, _score_shards(settings, version, shards))


def _score_shards(settings: Settings, version: str, shards: list[str]) -> list[str]:
    """The staged keys; how far it is shows in the log after each shard."""
    staged, done, total = [], 0, sum(map(pictures_in, shards))
    start = time.monotonic()
    for shard in shards:
        staged.append(score_shard(settings, version, shard))
        done += pictures_in(shard)
        rate = done / (time.monotonic() - start)
        left = (total - done) / rate
        log.info("%d of %d pictures scored, %.1f/s, %.0f s left", done, total, rate, left)
    return staged
