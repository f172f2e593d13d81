"""The engine on a real lake: any number of pictures, and S3 as it is on bad days."""

import gc
import logging
import threading
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml import patience
from counterfeit_ml.datasets import IMAGE_SCORES
from counterfeit_ml.errors import LakeError
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.pictures import MAX_BYTES, decode
from counterfeit_ml.registry import Registry
from counterfeit_ml.scoring import engine
from counterfeit_ml.scoring.engine import CHUNK, score_pictures
from tests.proxy import Proxy


@pytest.fixture(scope="module")
def classifiers(services, colour_model) -> list[LogoClassifier]:
    folder = Registry(services.settings).fetch(colour_model)
    return [LogoClassifier(folder, threads=1) for _ in range(2)]


@pytest.fixture(scope="module")
def photos(services) -> list[str]:
    """Digests of pictures in the lake, of every size about that of two chunks."""
    random, lake = np.random.default_rng(0), Lake(services.settings)
    digests = []
    for number in range(2 * CHUNK + 3):
        noise = Image.fromarray(random.integers(0, 256, (9, 7, 3), np.uint8))
        buffer = BytesIO()
        noise.resize((200 + 5 * number, 300)).save(buffer, ("JPEG", "PNG", "WEBP")[number % 3])
        digests.append(lake.put_image(buffer.getvalue()))
    return digests


def rows(lake, classifiers, digests) -> list[dict]:
    batches = score_pictures(lake, classifiers, digests)
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK + 3])
def test_every_picture_gets_what_training_s_pixels_give_in_order(lake, classifiers, photos, count):
    found = rows(lake, classifiers, photos[:count])
    assert [row["image_sha256"] for row in found] == photos[:count]
    for row in found:
        (alone,) = classifiers[0].predict(decode(lake.get_image(row["image_sha256"]))[None])
        # To the last bit, whatever it was scored beside.
        assert row["probabilities"] == list(
            zip(classifiers[0].classes, alone.tolist(), strict=True)
        )
        assert row["error"] is None


def test_one_core_and_two_give_the_same_bytes(lake, classifiers, photos):
    batches = [list(score_pictures(lake, classifiers[:n], photos)) for n in (1, 2)]
    assert batches[0] == batches[1]
    assert all(batch.schema.equals(IMAGE_SCORES.schema) for batch in batches[0])


BAD = {
    "nothing": (b"", "0 bytes are not a whole picture: cannot identify image file"),
    "text": (b"<html></html>", "13 bytes are not a whole picture: cannot identify image file"),
    "cut": (b"\xff\xd8\xff\xe0 half", "9 bytes are not a whole picture: "),
    "a large file": (
        b"\xff\xd8\xff" + bytes(MAX_BYTES),
        "The picture is larger than the 20,971,520 bytes that are read.",
    ),
}


def test_bad_pictures_are_rows_with_the_reason_among_good_ones(lake, classifiers, photos):
    bad = {name: lake.put_image(data) for name, (data, _) in BAD.items()}
    digests = [*photos[:3], *bad.values(), photos[3]]
    found = rows(lake, classifiers, digests)
    assert [row["image_sha256"] for row in found] == digests
    assert [row["error"] is None for row in found] == [True] * 3 + [False] * len(bad) + [True]
    for row, (_, reason) in zip(found[3:-1], BAD.values(), strict=True):
        assert row["probabilities"] is None
        assert row["error"].startswith(reason)
        assert " at 0x" not in row["error"]
    assert found[-1] == rows(lake, classifiers, [photos[3]])[0]


@pytest.mark.parametrize(
    ("digest", "reason"),
    [
        (None, "'None' is not the digest of a picture."),
        ("", "'' is not the digest of a picture."),
        ("../../etc/passwd", "'../../etc/passwd' is not the digest of a picture."),
        (sha256(b"never stored").hexdigest(), "is not in the lake: ingest a day that lists"),
    ],
)
def test_what_names_no_picture_is_a_row_with_the_reason(lake, classifiers, digest, reason):
    (row,) = rows(lake, classifiers, [digest])
    assert row["image_sha256"] == (digest or "")
    assert reason in row["error"]


def test_a_picture_too_large_to_be_fetched_ahead_is_scored(lake, classifiers):
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    assert len(buffer.getvalue()) > engine.SMALL
    (row,) = rows(lake, classifiers, [lake.put_image(buffer.getvalue())])
    assert row["error"] is None


def test_memory_does_not_grow_with_the_pictures(lake, classifiers, photos):
    def peak(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            for _ in score_pictures(lake, classifiers, (photos[0] for _ in range(count))):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(40 * CHUNK) < 1.2 * peak(8 * CHUNK)


@pytest.fixture
def proxy(services) -> Iterator[Proxy]:
    proxy = Proxy(services.settings.lake_endpoint)
    yield proxy
    proxy.away()


@pytest.fixture
def through(services, proxy) -> Lake:
    """The lake, behind something that can take it away."""
    return Lake(services.settings.model_copy(update={"lake_endpoint": proxy.url}))


def test_s3_away_in_mid_shard_is_waited_for(lake, through, proxy, classifiers, photos, caplog):
    digests = 10 * photos
    with caplog.at_level(logging.WARNING):
        batches = score_pictures(through, classifiers, digests)
        found = [next(batches)]
        proxy.away()
        proxy.back_in(4)
        found += batches
    assert [value for batch in found for value in batch[0].to_pylist()] == digests
    assert all(batch["error"].null_count == len(batch) for batch in found)
    # Said by one of the threads that fetch, not by each.
    assert caplog.text.count("tried again in 1 s: reading s3://") == 1


def test_s3_away_for_good_is_one_sentence(through, proxy, classifiers, photos, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.1, 0.1))
    batches = score_pictures(through, classifiers, 10 * photos)
    next(batches)
    proxy.away()
    with pytest.raises(LakeError, match=r"^reading s3://.* failed: is S3 up and the connection"):
        list(batches)


def test_who_takes_no_more_ends_it(lake, classifiers, photos):
    before = threading.active_count()
    batches = score_pictures(lake, classifiers, 100 * photos)
    next(batches)
    batches.close()
    assert threading.active_count() == before
