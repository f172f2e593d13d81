"""Plan, shards and publication on a real lake, with a model whose answers are known."""

import json
from dataclasses import replace
from hashlib import sha256

import pyarrow as pa
import pytest

from counterfeit_ml.datasets import IMAGE_SCORES, LISTINGS, SCORED_LISTINGS
from counterfeit_ml.errors import CounterfeitError, PartitionMissingError, ScoringError
from counterfeit_ml.lake import STAGING, Lake
from counterfeit_ml.scoring import plan, publish, score_shard
from tests.scoring.colours import CLASSES

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


@pytest.mark.parametrize("digest", [None, "", "../../etc/passwd"])
def test_a_listing_without_a_picture_is_a_row_with_the_reason(
    services, lake, listing_row, colour_model, picture, digest
):
    ds = f"1999-04-0{len(digest or 'none') % 9 + 1}"
    rows = [
        listing_row("1", image_sha256=digest),
        listing_row("2", image_sha256=lake.put_image(picture(*RED))),
    ]
    lenient = replace(
        LISTINGS, schema=pa.schema(one.with_nullable(True) for one in LISTINGS.schema)
    )
    table = pa.Table.from_pylist(rows, lenient.schema)
    lake.write(lenient, table, ds=ds, marketplace="scoring_test")
    score_day(services.settings, ds, colour_model)
    first, second = lake.read(SCORED_LISTINGS, ds=ds).to_pylist()
    assert (first["brand"], first["error"]) == (None, "the listing has no picture")
    assert (second["brand"], second["error"]) == ("gucci", None)


def sizes(lake: Lake, shards: list[str]) -> list[int]:
    return [len(json.loads(lake.get(shard))["pictures"]) for shard in shards]


def test_shards_are_cut_by_count_and_the_same_each_time(
    services, lake, put_day, colour_model, picture, monkeypatch
):
    monkeypatch.setattr("counterfeit_ml.scoring.planning.SHARD_PICTURES", 2)
    put_day("1999-02-06", [lake.put_image(picture(shade, 0, 7)) for shade in range(30, 130, 20)])
    shards = plan(services.settings, "1999-02-06", colour_model)
    assert shards == plan(services.settings, "1999-02-06", colour_model)
    assert sizes(lake, shards) == [2, 2, 1]


def test_shards_are_cut_by_bytes(services, lake, put_day, colour_model, picture, monkeypatch):
    monkeypatch.setattr("counterfeit_ml.scoring.planning.SHARD_BYTES", 2_000)
    drawn = [picture(shade, 0, 8) + b" " * 900 for shade in range(30, 130, 20)]
    put_day("1999-02-10", [lake.put_image(one) for one in drawn])
    pictures = len({bytes(one) for one in drawn})
    assert max(map(len, drawn)) < 2_000 < 2 * min(map(len, drawn))
    assert sizes(lake, plan(services.settings, "1999-02-10", colour_model)) == [1] * pictures


def test_a_shard_that_is_staged_is_not_scored_again(services, lake, put_day, colour_model, picture):
    digest = lake.put_image(picture(33, 0, 9))
    put_day("1999-02-11", [digest])
    (shard,) = plan(services.settings, "1999-02-11", colour_model)
    staged = score_shard(services.settings, colour_model, shard)
    lake.delete([lake.image_key(digest)])
    assert plan(services.settings, "1999-02-11", colour_model) == [shard]
    assert score_shard(services.settings, colour_model, shard) == staged
    assert publish(services.settings, "1999-02-11", colour_model, [staged]).failed == 0
    assert lake.staged(IMAGE_SCORES, colour_model) == []
    assert lake.keys(f"{STAGING}/shards/{colour_model}/1999-02-11/") == []


def test_what_an_interrupted_run_scored_serves_the_next_day(
    services, lake, put_day, colour_model, picture, monkeypatch
):
    monkeypatch.setattr("counterfeit_ml.scoring.planning.SHARD_PICTURES", 2)
    old = [lake.put_image(picture(shade, 0, 10)) for shade in range(30, 130, 20)]
    put_day("1999-02-12", old)
    done, *_ = plan(services.settings, "1999-02-12", colour_model)
    scored_before = json.loads(lake.get(done))["pictures"]
    score_shard(services.settings, colour_model, done)
    put_day("1999-02-13", [*old, lake.put_image(picture(31, 0, 10))])
    shards = plan(services.settings, "1999-02-13", colour_model)
    left = [one for shard in shards for one in json.loads(lake.get(shard))["pictures"]]
    assert len(left) == 4
    assert not set(left) & set(scored_before)
    staged = [score_shard(services.settings, colour_model, shard) for shard in shards]
    day = publish(services.settings, "1999-02-13", colour_model, staged)
    assert (day.listings, day.pictures, day.scored, day.reused) == (6, 6, 4, 2)


def test_a_new_champion_shows_when_it_has_scored_all(
    services, lake, put_day, colour_model, register, picture, monkeypatch
):
    monkeypatch.setattr("counterfeit_ml.scoring.planning.SHARD_PICTURES", 1)
    put_day("1999-02-14", [lake.put_image(picture(shade, 0, 11)) for shade in (40, 80)])

    def versions() -> set[str]:
        rows = lake.read(SCORED_LISTINGS, ["model_version"], ds="1999-02-14")
        return set(rows["model_version"].to_pylist())

    score_day(services.settings, "1999-02-14", colour_model)
    new = register()
    first, second = plan(services.settings, "1999-02-14", new)
    staged = [score_shard(services.settings, new, first)]
    with pytest.raises(ScoringError, match="1 of 2 listings of 1999-02-14 have no score under"):
        publish(services.settings, "1999-02-14", new, staged)
    assert versions() == {colour_model}
    staged.append(score_shard(services.settings, new, second))
    publish(services.settings, "1999-02-14", new, staged)
    assert versions() == {new}


def test_a_part_with_other_pictures_than_its_shard_is_refused(
    services, lake, put_day, colour_model, picture
):
    put_day("1999-02-15", [lake.put_image(picture(0, 0, 93)), lake.put_image(picture(0, 0, 95))])
    (shard,) = plan(services.settings, "1999-02-15", colour_model)
    document = json.loads(lake.get(shard))
    fewer = [{"image_sha256": document["pictures"][0], "probabilities": None, "error": "lost"}]
    table = pa.Table.from_pylist(fewer, IMAGE_SCORES.schema)
    staged = lake.stage(IMAGE_SCORES, table, document["run"], 0)
    before = lake.keys(f"image_scores/model={colour_model}/")
    with pytest.raises(ScoringError, match="holds other pictures than its shard: delete it"):
        publish(services.settings, "1999-02-15", colour_model, [staged])
    lake.delete([staged])
    assert lake.keys(f"image_scores/model={colour_model}/") == before
    assert not lake.exists(SCORED_LISTINGS, ds="1999-02-15")


def test_a_picture_that_two_runs_have_scored_is_one_row(
    services, lake, put_day, colour_model, picture
):
    put_day("1999-02-16", [lake.put_image(picture(0, 0, 97))])
    (shard,) = plan(services.settings, "1999-02-16", colour_model)
    staged = score_shard(services.settings, colour_model, shard)
    publish(services.settings, "1999-02-16", colour_model, [staged])
    run = json.loads(lake.get(shard))["run"] if lake.keys(shard) else "other"
    (row,) = lake.read(SCORED_LISTINGS, ds="1999-02-16").to_pylist()
    again = {name: row[name] for name in ("image_sha256", "probabilities", "error")}
    other = lake.stage(IMAGE_SCORES, pa.Table.from_pylist([again], IMAGE_SCORES.schema), run, 7)
    lake.append(IMAGE_SCORES, [other], model=colour_model)
    lake.delete([other])
    assert publish(services.settings, "1999-02-16", colour_model, []).listings == 1


def test_a_model_of_other_classes_is_refused_before_anything_is_planned(
    services, lake, put_day, register, picture
):
    put_day("1999-02-17", [lake.put_image(picture(0, 0, 99))])
    other = register([name.replace("gucci", "guccy") for name in CLASSES])
    sentence = (
        rf"^Version {other} of logo-classifier has other classes than config/brands.yaml "
        r"\(it lacks gucci and has besides guccy\): retrain, roll back, or mend the file\.$"
    )
    with pytest.raises(ScoringError, match=sentence):
        plan(services.settings, "1999-02-17", other)
    assert lake.keys(f"{STAGING}/shards/{other}/") == []


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["gucci"], "gives 11 probabilities for 1 classes: retrain"),
        ([*CLASSES[:-1], ["no_logo"]], r"lacks no_logo and has besides \['no_logo'\]"),
    ],
)
def test_a_model_whose_label_list_is_none_is_refused(
    services, lake, put_day, register, labels, sentence
):
    with pytest.raises(CounterfeitError, match=sentence):
        plan(services.settings, "1999-02-18", register(labels))


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
