"""From a reviewer's decision to the next training set, on a real lake and warehouse."""

from datetime import date

import pyarrow as pa
import pytest

from counterfeit_ml.datasets import LABELS
from counterfeit_ml.lake import Lake
from counterfeit_ml.training import import_labels, import_reviews
from counterfeit_ml.training.dataset import load_training_set
from counterfeit_ml.training.review_labels import REVIEWS
from counterfeit_ml.warehouse import SAMPLE, Warehouse
from counterfeit_ml.warehouse.reviews import Reviews, Subject
from tests.flags_made import SAMPLED, flag, flagged_day
from tests.training.drawn import draw_labels, picture

DAY = date(2026, 3, 2)


@pytest.fixture
def own(own_warehouse, settings):
    """A warehouse of its own beside the lake, the catalogue of the two drawn brands."""
    uri = own_warehouse.settings.warehouse_uri
    return settings.model_copy(update={"warehouse_uri": uri})


@pytest.fixture
def lake(settings):
    """Without any label before and after."""
    lake = Lake(settings)
    kept = {key: lake.get(key) for key in lake.keys("labels/")}
    lake.delete(list(kept))
    yield lake
    lake.delete(lake.keys("labels/"))
    for key, data in kept.items():
        lake.put(key, data)


@pytest.fixture
def reviews(own, lake) -> Reviews:
    """Flags of drawn pictures: a and b of one, c of another; s in the sample; gone is nowhere."""
    ring, bars = (lake.put_image(picture(label, 70)) for label in ("ring", "bars"))
    warehouse = Warehouse(own)
    warehouse.migrate()
    flags = [
        flag("a", brand="ring", image_sha256=ring),
        flag("b", brand="ring", image_sha256=ring),
        flag("c", brand="ring", image_sha256=bars, seller_id=None),
        flag("gone", brand="ring", image_sha256="0" * 64),
        flag("other", brand="adidas", image_sha256=bars),
    ]
    plain = lake.put_image(picture("no_logo", 70))
    sample = {**SAMPLED, "listing_id": "s", "brand": "ring", "image_sha256": plain}
    day = flagged_day(*flags)._replace(sample=pa.Table.from_pylist([sample], SAMPLE))
    warehouse.replace_day(DAY, day)
    return Reviews(own)


def decide(reviews: Reviews, listing: str, decision: str, label: str | None = None) -> None:
    history = reviews.flag(DAY, "shop", listing)["reviews"]
    seen = history[0]["review_id"] if history else None
    reviews.decide([Subject(DAY, "shop", listing, seen)], decision, "ann", None, label)


def labels(lake: Lake) -> dict[str, str]:
    rows = lake.read(LABELS, label_set=REVIEWS).to_pylist()
    assert {row["origin"] for row in rows} <= {"review"}
    return {row["label"]: row["labelled_by"] for row in rows}


def test_a_decision_is_found_in_the_next_training_set(own, lake, catalogue, reviews, tmp_path):
    import_labels(lake, catalogue, draw_labels(tmp_path / "shop", each=5), "seed")
    decide(reviews, "a", "confirmed")
    summary = import_reviews(own)
    assert summary is not None
    assert summary.pictures == {"ring": 1}
    (row,) = lake.read(LABELS, label_set=REVIEWS).to_pylist()
    assert (row["labelled_by"], row["seller_id"]) == ("ann", "shop:s1")
    data = load_training_set(lake, catalogue, ())
    place = data.digests.index(row["image_sha256"])
    assert data.classes[data.labels[place]] == "ring"


def test_the_label_given_counts_and_a_sample_teaches_as_well(own, lake, reviews):
    decide(reviews, "c", "dismissed", "bars")
    reviews.answer(Subject(DAY, "shop", "s"), "no_logo", "bob")
    import_reviews(own)
    assert labels(lake) == {"bars": "ann", "no_logo": "bob"}


def test_the_last_decision_counts_and_may_take_the_label_back(own, lake, reviews):
    decide(reviews, "a", "confirmed")
    import_reviews(own)
    decide(reviews, "a", "dismissed")
    summary = import_reviews(own)
    assert summary is not None
    assert (summary.pictures, labels(lake)) == ({}, {})


def test_two_listings_that_say_two_things_of_one_picture_are_left_out_and_counted(
    own, lake, reviews
):
    decide(reviews, "a", "confirmed")
    decide(reviews, "b", "dismissed", "no_logo")
    decide(reviews, "c", "confirmed", "bars")
    summary = import_reviews(own)
    assert summary is not None
    assert summary.refused == {"conflicting_label": 2}
    assert list(labels(lake)) == ["bars"]


def test_two_that_agree_are_one(own, lake, reviews):
    decide(reviews, "a", "confirmed")
    decide(reviews, "b", "confirmed")
    summary = import_reviews(own)
    assert summary is not None
    assert (summary.pictures, summary.copies) == ({"ring": 1}, 1)


def test_what_cannot_be_learned_stops_nothing(own, lake, reviews):
    for listing in ("a", "gone", "other"):
        decide(reviews, listing, "confirmed")
    summary = import_reviews(own)
    assert summary is not None
    assert summary.refused == {"not_a_file": 1, "unknown_label": 1}
    assert list(labels(lake)) == ["ring"]


def test_nothing_new_is_said_and_writes_nothing(own, lake, reviews):
    assert import_reviews(own) is None
    assert lake.keys("labels/") == []
    decide(reviews, "a", "unsure")
    assert import_reviews(own) is None
    decide(reviews, "c", "confirmed", "bars")
    assert import_reviews(own) is not None
    assert import_reviews(own) is None
