"""Scoring: the champion over every picture it has not seen, and every listing of the day.

Three steps, so that the middle one can be mapped over shards on many workers:
:func:`plan` finds the pictures to score and cuts them into shards, :func:`score_shard` scores
one shard unseen by readers, :func:`publish` makes the scores and the scored listings visible.
TensorFlow is never imported here: LiteRT starts in half a second, TensorFlow in ten.
"""

from counterfeit_ml.registry import Registry
from counterfeit_ml.scoring.planning import plan
from counterfeit_ml.scoring.publication import ScoredDay, publish
from counterfeit_ml.scoring.shard import score_shard
from counterfeit_ml.settings import Settings

__all__ = ["ScoredDay", "champion", "plan", "publish", "score", "score_shard"]


def champion(settings: Settings) -> str:
    """Version of the model that scores; ``RegistryError`` where there is none yet."""
    return Registry(settings).champion()


def score(settings: Settings, ds: str) -> ScoredDay:
    """All three steps in this process, for a person without Airflow at hand."""
    version = champion(settings)
    shards = plan(settings, ds, version)
    staged = [score_shard(settings, version, shard) for shard in shards]
    return publish(settings, ds, version, staged)
