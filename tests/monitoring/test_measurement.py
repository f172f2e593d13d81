"""Days on a real lake: what is compared with what, and what comes of it."""

import pytest

from counterfeit_ml.datasets import DRIFT, SCORED_LISTINGS
from counterfeit_ml.errors import PartitionMissingError
from counterfeit_ml.monitoring import drift_days, drift_of, measure_drift
from counterfeit_ml.monitoring.features import FEATURES
from counterfeit_ml.monitoring.report import proposal_of
from tests.monitoring.drawn import SHARES, pictures

DOUBLED = {"no_logo": 0.4, "gucci": 0.2, "prada": 0.2, "nike": 0.2}
BEFORE = ("1998-05-01", "1998-05-02", "1998-05-03")
DAY, NEXT = "1998-05-04", "1998-05-05"


@pytest.fixture
def settings(services):
    return services.settings


@pytest.fixture
def three_days(put_day, settings):
    for seed, ds in enumerate(BEFORE):
        put_day(ds, seed, new=pictures(seed))
        measure_drift(settings, ds)


def severities(lake, ds: str) -> dict[str, str]:
    return {row["feature"]: row["severity"] for row in drift_of(lake, ds)}


def test_a_day_like_the_others_is_stable_in_every_feature(three_days, put_day, settings, lake):
    put_day(DAY, 9, new=pictures(9))
    found = measure_drift(settings, DAY)
    assert (found.severe, found.moderate, found.proposed) == ((), (), ())
    assert (found.listings, found.pictures, found.reference_days) == (2_000, 150, 3)
    assert severities(lake, DAY) == dict.fromkeys(FEATURES, "stable")
    row = next(row for row in drift_of(lake, DAY) if row["feature"] == "brand")
    assert [day.isoformat() for day in row["reference_days"]] == list(BEFORE)
    assert row["bins"] == sorted(SHARES)
    assert (sum(row["counts"]), sum(row["reference_counts"])) == (2_000, 6_000)


def test_brighter_pictures_are_severe_and_only_their_brightness_is(
    three_days, put_day, settings, lake
):
    put_day(DAY, 9, new=pictures(9, light=60))
    found = measure_drift(settings, DAY)
    assert found.severe[0] == "brightness"
    assert not {"width", "height", "aspect", "type", "brand", "confidence"} & set(found.severe)
    assert found.proposed == found.severe
    assert "**brightness** (mean luma, 0 to 255): PSI" in proposal_of(settings, DAY)


def test_a_brand_whose_share_doubles_is_reported(three_days, put_day, settings, lake):
    put_day(DAY, 9, DOUBLED, new=pictures(9))
    found = measure_drift(settings, DAY)
    assert (found.severe, found.moderate) == ((), ("brand",))
    (row,) = [row for row in drift_of(lake, DAY) if row["feature"] == "brand"]
    assert row["moved"] in {"nike", "no_logo"}
    assert proposal_of(settings, DAY) is None


def test_other_files_and_unreadable_ones_are_severe(three_days, put_day, settings):
    broken = [b"<html>%d</html>" % number for number in range(60)]
    put_day(DAY, 9, new=[*pictures(9, kind="JPEG"), *broken])
    found = measure_drift(settings, DAY)
    assert {"type", "picture"} <= set(found.severe)
    assert found.pictures == 210


def test_the_same_drift_the_day_after_is_shown_and_not_proposed_again(
    three_days, put_day, settings
):
    for seed, ds in ((9, DAY), (10, NEXT)):
        put_day(ds, seed, new=pictures(seed, light=60))
    first, second = measure_drift(settings, DAY), measure_drift(settings, NEXT)
    assert first.proposed
    assert "brightness" in second.severe
    assert "brightness" not in second.proposed


def test_the_first_day_has_no_reference(put_day, settings, lake):
    put_day(DAY, 1, new=pictures(1))
    found = measure_drift(settings, DAY)
    assert (found.reference_days, found.severe) == (0, ())
    assert set(severities(lake, DAY).values()) == {"no reference"}


def test_scores_of_a_new_champion_are_compared_with_none_of_the_old_ones(
    three_days, put_day, settings, lake
):
    put_day(DAY, 9, DOUBLED, version="2", new=pictures(9))
    measure_drift(settings, DAY)
    found = severities(lake, DAY)
    assert {found[name] for name in ("brand", "confidence", "no_logo")} == {"no reference"}
    assert {found[name] for name in ("brightness", "width")} == {"stable"}
    put_day(NEXT, 10, DOUBLED, version="2", new=pictures(10))
    measure_drift(settings, NEXT)
    assert severities(lake, NEXT)["brand"] == "stable"


def test_a_tiny_day_does_not_cry_wolf(three_days, put_day, settings, lake):
    put_day(DAY, 9, {"gucci": 1.0}, count=50, new=pictures(9, count=5, light=120))
    found = measure_drift(settings, DAY)
    assert (found.severe, found.moderate) == ((), ())
    assert set(severities(lake, DAY).values()) == {"too few"}


def test_a_day_without_new_pictures_or_with_none_readable_is_compared_by_its_scores(
    three_days, put_day, settings, lake
):
    put_day(DAY, 9)
    assert measure_drift(settings, DAY).pictures == 0
    assert severities(lake, DAY)["width"] == "too few"
    assert severities(lake, DAY)["brand"] == "stable"


def test_listings_whose_picture_could_not_be_scored_are_one_feature_of_their_own(
    three_days, put_day, settings, lake
):
    put_day(DAY, 9, {"": 0.3, "gucci": 0.14, "prada": 0.14, "nike": 0.07, "no_logo": 0.35})
    assert measure_drift(settings, DAY).severe == ("scored",)
    assert severities(lake, DAY)["brand"] == "stable"


def test_the_same_day_again_changes_no_byte_and_looks_at_no_later_day(
    three_days, put_day, settings, lake
):
    def stored() -> dict[str, bytes]:
        return {key: lake.get(key) for key in lake.keys(f"drift/ds={DAY}/")}

    put_day(DAY, 9, new=pictures(9))
    put_day(NEXT, 10, DOUBLED, new=pictures(10, light=60))
    measure_drift(settings, DAY)
    before = stored()
    measure_drift(settings, NEXT)
    measure_drift(settings, DAY)
    assert stored() == before


def test_a_day_that_was_not_scored_says_what_to_run(lake, settings):
    with pytest.raises(PartitionMissingError, match="scored_listings/ds=1998-05-04"):
        measure_drift(settings, DAY)
    assert not lake.exists(DRIFT, ds=DAY)
    assert not lake.exists(SCORED_LISTINGS, ds=DAY)


def test_days_are_listed_newest_first(three_days, lake):
    assert [day.ds for day in drift_days(lake, 2)] == ["1998-05-03", "1998-05-02"]


def test_the_command_prints_every_feature(three_days, services):
    done = services.counterfeit("drift", BEFORE[-1])
    assert done.returncode == 0, done.stderr
    for feature in FEATURES:
        assert feature in done.stdout
    assert "No drift." in done.stdout
