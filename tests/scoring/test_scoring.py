"""Plan, shards and publication on a real lake, with a model whose answers are known."""

import json
from hashlib import sha256

import pyarrow as pa
import pytest

from counterfeit_ml.datasets import IMAGE_SCORES, LISTINGS, SCORED_LISTINGS
from counterfeit_ml.errors import PartitionMissingError, ScoringError
from counterfeit_ml.lake import Lake
from counterfeit_ml.scoring import plan, publish, score_shard

RED, BLUE = (250, 0, 0), (0, 0, 250)


@pytest.fixture
def put_day(lake, listing_row):
    """Writes a day of listings, one for each picture given."""

    def put(ds: str, digests: list[str]) -> None:
        rows = [
            listing_row(str(number), image_sha256=digest) for number, digest in enumerate(digests)
        ]
        table = pa.Table.from_pylist(rows, LISTINGS.schema)
        lake.write(LISTINGS, table, ds=ds, marketplace="scoring_test")

    return put


def score_day(settings, ds: str, version: str):
    staged = [score_shard(settings, version, shard) for shard in plan(settings, ds, version)]
    return publish(settings, ds, version, staged)


def scored(lake: Lake, ds: str) -> list[tuple[str, str | None]]:
    rows = lake.read(SCORED_LISTINGS, ["listing_id", "brand"], ds=ds).to_pylist()
    return [(row["listing_id"], row["brand"]) for row in rows]


def test_every_listing_gets_the_brand_of_its_picture(
    services, lake, put_day, colour_model, picture
):
    red, blue = lake.put_image(picture(*RED)), lake.put_image(picture(*BLUE))
    put_day("1999-02-01", [red, blue, red])
    day = score_day(services.settings, "1999-02-01", colour_model)
    assert (day.listings, day.failed) == (3, 0)
    assert scored(lake, "1999-02-01") == [("0", "gucci"), ("1", "no_logo"), ("2", "gucci")]
    row = lake.read(SCORED_LISTINGS, ds="1999-02-01").to_pylist()[0]
    assert row["model_version"] == colour_model
    assert row["confidence"] > 0.99
    assert sum(value for _, value in row["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_a_picture_is_scored_once_and_every_listing_written_again(
    services, lake, put_day, colour_model, picture
):
    old, new = lake.put_image(picture(200, 0, 0)), lake.put_image(picture(0, 0, 200))
    put_day("1999-02-02", [old])
    score_day(services.settings, "1999-02-02", colour_model)
    put_day("1999-02-03", [old, new])
    (shard,) = plan(services.settings, "1999-02-03", colour_model)
    assert json.loads(lake.get(shard))["pictures"] == [new]
    publish(
        services.settings,
        "1999-02-03",
        colour_model,
        [score_shard(services.settings, colour_model, shard)],
    )
    assert scored(lake, "1999-02-03") == [("0", "gucci"), ("1", "no_logo")]


def test_the_same_day_again_changes_no_byte(services, lake, put_day, colour_model, picture):
    put_day("1999-02-04", [lake.put_image(picture(150, 0, 0))])

    def stored() -> dict[str, bytes]:
        keys = lake.keys("scored_listings/ds=1999-02-04/") + lake.keys("image_scores/")
        return {key: lake.get(key) for key in keys}

    score_day(services.settings, "1999-02-04", colour_model)
    before = stored()
    assert plan(services.settings, "1999-02-04", colour_model) == []
    score_day(services.settings, "1999-02-04", colour_model)
    assert stored() == before


@pytest.mark.parametrize("data", [b"", b"<html>not found</html>", b"\xff\xd8\xff\xe0 half"])
def test_a_picture_that_is_none_is_a_row_with_the_reason(
    services, lake, put_day, colour_model, data
):
    ds = f"1999-03-0{len(data) % 9 + 1}"
    put_day(ds, [lake.put_image(data)])
    day = score_day(services.settings, ds, colour_model)
    assert (day.listings, day.failed) == (1, 1)
    (row,) = lake.read(SCORED_LISTINGS, ds=ds).to_pylist()
    assert row["brand"] is None
    assert row["error"]


def test_a_picture_that_is_gone_is_a_row_with_the_reason(services, lake, put_day, colour_model):
    put_day("1999-02-05", [sha256(b"never stored").hexdigest()])
    assert score_day(services.settings, "1999-02-05", colour_model).failed == 1


def test_shards_are_cut_by_count_and_the_same_each_time(
    services, lake, put_day, colour_model, picture, monkeypatch
):
    monkeypatch.setattr("counterfeit_ml.scoring.planning.SHARD_PICTURES", 2)
    digests = [lake.put_image(picture(shade, 0, 7)) for shade in range(30, 130, 20)]
    put_day("1999-02-06", digests)
    shards = plan(services.settings, "1999-02-06", colour_model)
    assert shards == plan(services.settings, "1999-02-06", colour_model)
    sizes = [len(json.loads(lake.get(shard))["pictures"]) for shard in shards]
    assert sizes == [2, 2, 1]


def test_nothing_shows_before_it_is_published(services, lake, put_day, colour_model, picture):
    put_day("1999-02-07", [lake.put_image(picture(90, 0, 0))])
    before = lake.keys("image_scores/")
    (shard,) = plan(services.settings, "1999-02-07", colour_model)
    score_shard(services.settings, colour_model, shard)
    assert lake.keys("image_scores/") == before
    with pytest.raises(PartitionMissingError):
        lake.manifest(SCORED_LISTINGS, ds="1999-02-07")


def test_a_shard_left_out_publishes_no_day(services, lake, put_day, colour_model, picture):
    other = lake.put_image(picture(0, 0, 91))
    put_day("1999-02-08", [other])
    score_day(services.settings, "1999-02-08", colour_model)
    put_day("1999-02-09", [other, lake.put_image(picture(0, 0, 92))])
    with pytest.raises(ScoringError, match="1 of 2 listings of 1999-02-09 have no score"):
        publish(services.settings, "1999-02-09", colour_model, [])
    assert not lake.exists(SCORED_LISTINGS, ds="1999-02-09")
    assert lake.exists(IMAGE_SCORES, model=colour_model)


def test_a_day_without_listings_says_what_to_do(services, colour_model):
    with pytest.raises(ScoringError, match="run ingest_listings for that day first"):
        plan(services.settings, "1998-02-01", colour_model)


def test_scoring_never_imports_tensorflow():
    import subprocess
    import sys

    code = "import sys, counterfeit_ml.scoring; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
