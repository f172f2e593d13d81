"""One shard: staged whole or not at all, by a model that a process loads once."""

import json
import logging

import pytest

from counterfeit_ml import patience, progress
from counterfeit_ml.errors import LakeError
from counterfeit_ml.scoring import score_shard
from counterfeit_ml.scoring.image_scores import run_of
from counterfeit_ml.scoring.shard import _classifiers
from tests.proxy import Proxy


@pytest.fixture
def shard(lake, picture, colour_model):
    """Makes a shard of pictures of these reds."""

    def make(*reds: int) -> str:
        pictures = sorted(lake.put_image(picture(red, 1, 1)) for red in reds)
        key = f"_staging/shards/test/{'-'.join(map(str, reds))}.json"
        document = {"number": 0, "run": run_of(colour_model, pictures), "pictures": pictures}
        lake.put(key, json.dumps(document).encode())
        return key

    return make


def test_a_process_loads_a_model_once(services, shard, colour_model):
    _classifiers.cache_clear()
    for reds in ((201, 202), (203, 204), (205, 206)):
        score_shard(services.settings, colour_model, shard(*reds))
    assert _classifiers.cache_info().misses == 1


def test_its_log_tells_the_pictures_done(services, shard, colour_model, monkeypatch, caplog):
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0)
    with caplog.at_level(logging.INFO):
        score_shard(services.settings, colour_model, shard(*range(40, 80)))
    assert f"shard 0 under model {colour_model}: 32 of 40, " in caplog.text
    assert f"shard 0 under model {colour_model}: 40 of 40, " in caplog.text


def test_s3_gone_in_mid_shard_leaves_nothing_and_the_retry_is_whole(
    services, lake, shard, colour_model, monkeypatch
):
    monkeypatch.setattr(patience, "PAUSES", (0.1,))
    key, before = shard(*range(90, 190)), lake.keys("_staging/image_scores/")
    proxy = Proxy(services.settings.lake_endpoint)
    through = services.settings.model_copy(update={"lake_endpoint": proxy.url})
    monkeypatch.setattr(progress, "LOG_EVERY_SECONDS", 0)
    # Away as soon as the first pictures are done.
    monkeypatch.setattr(progress.log, "info", lambda *_: proxy.away())
    with pytest.raises(LakeError, match=r"^(reading|writing) s3://.* failed: is S3 up and"):
        score_shard(through, colour_model, key)
    assert lake.keys("_staging/image_scores/") == before
    monkeypatch.undo()
    staged = score_shard(services.settings, colour_model, key)
    assert lake.get(staged)
