"""What the review page reads and writes, on a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pyarrow as pa
import pytest

from counterfeit_ml.errors import DecidedMeanwhileError, NotFlaggedError, WarehouseError
from counterfeit_ml.warehouse import SAMPLE
from counterfeit_ml.warehouse.reviews import COUNTED, Filters, Place, Reviews, Subject
from tests.flags_made import SAMPLED, flag, flagged_day

BEFORE, DAY = date(2026, 3, 1), date(2026, 3, 2)
HOSTILE = "'; DROP TABLE warehouse.flag_reviews; -- \u202egro.live <script>🙂"
PICTURE = "ab" * 32


@pytest.fixture
def reviews(own_warehouse, warehouse) -> Reviews:
    """An earlier day of two marketplaces, of which one was not seen on the next."""
    old = [flag("a", risk=0.9), flag("x", marketplace="bazaar", risk=0.4)]
    warehouse.replace_day(BEFORE, flagged_day(*old, marketplaces=("shop", "bazaar")))
    flags = [
        flag("a", risk=0.5, seller_id=HOSTILE, title=HOSTILE * 200),
        flag("b", risk=0.7, brand="nike", seller_id=HOSTILE, image_sha256=PICTURE),
        flag("c", risk=0.7, verdict="review", rule_id="unsure_logo", picture_group="bb"),
        flag("d", risk=0.1, brand=None, confidence=None, image_sha256=None, picture_group=None),
    ]
    sample = [{**SAMPLED, "listing_id": one, "brand": "gucci"} for one in ("a", "s")]
    day = flagged_day(*flags)._replace(sample=pa.Table.from_pylist(sample, SAMPLE))
    warehouse.replace_day(DAY, day)
    return Reviews(own_warehouse.settings)


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["listing_id"] for row in rows]


def subjects(*listings: str, seen: int | None = None) -> list[Subject]:
    return [Subject(DAY, "shop", one, seen) for one in listings]


def written(reviews: Reviews) -> list[dict[str, Any]]:
    return reviews.query("SELECT * FROM warehouse.flag_reviews ORDER BY review_id")


def test_flags_are_in_order_of_risk_those_of_each_marketplaces_latest_day(reviews):
    rows = reviews.page(Filters())
    assert ids(rows) == ["b", "c", "a", "x", "d"]
    assert [row["ds"] for row in rows] == [DAY, DAY, DAY, BEFORE, DAY]
    assert {row["review"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"brand": "nike"}, ["b"]),
        ({"verdict": "review"}, ["c"]),
        ({"rule_id": "unsure_logo"}, ["c"]),
        ({"marketplace": "bazaar"}, ["x"]),
        ({"marketplace": "nowhere"}, []),
        ({"ds": BEFORE}, ["a", "x"]),
        ({"ds": date(2020, 1, 1)}, []),
        ({"brand": "nike", "verdict": "review"}, []),
        ({"brand": HOSTILE}, []),
        ({"decision": "open"}, ["c", "a", "x"]),
        ({"decision": "confirmed"}, ["b"]),
        ({"decision": "confirmed", "brand": "gucci"}, []),
        ({"decision": "confirmed", "ds": BEFORE}, []),
        ({"decision": "unsure"}, ["d"]),
        ({"decision": "dismissed"}, []),
    ],
)
def test_each_filter_leaves_what_it_names_and_the_count_agrees(reviews, filters, found):
    reviews.decide(subjects("b"), "confirmed", "ann")
    reviews.decide(subjects("d"), "dismissed", "ann")
    seen = reviews.page(Filters(brand=None, decision="dismissed"))[0]["review"]["review_id"]
    reviews.decide(subjects("d", seen=seen), "unsure", "bob")
    chosen = Filters(**filters)
    assert ids(reviews.page(chosen)) == found
    assert reviews.count(chosen) == len(found)


@pytest.mark.parametrize("decision", [None, "open", "confirmed"])
def test_pages_follow_each_other_without_gap_or_repeat(reviews, decision):
    if decision == "confirmed":
        reviews.decide(subjects("a", "b", "c", "d"), "confirmed", "ann")
    whole, paged, after = ids(reviews.page(Filters(decision=decision))), [], None
    while rows := reviews.page(Filters(decision=decision), after, 1):
        paged += ids(rows)
        after = Place(rows[0]["risk"], rows[0]["marketplace"], rows[0]["listing_id"])
    assert paged == whole
    assert len(whole) >= 4


def test_a_title_is_cut_in_the_list_and_whole_in_the_flag(reviews):
    (row,) = [one for one in reviews.page(Filters()) if one["listing_id"] == "a"]
    assert row["title"] == (HOSTILE * 200)[:300]
    assert reviews.flag(DAY, "shop", "a")["title"] == HOSTILE * 200


def test_a_flag_comes_with_its_seller_and_its_picture_elsewhere(reviews):
    reviews.decide(subjects("a"), "unsure", "ann", note=HOSTILE)
    found = reviews.flag(DAY, "shop", "a")
    assert ids(found["of_seller"]) == ["b"]
    assert ids(found["of_picture"]) == ["b"]
    assert found["seller_first_seen_ds"] == DAY
    assert found["runners_up"] == [{"brand": "chanel", "probability": 0.03}]
    assert [one["note"] for one in found["reviews"]] == [HOSTILE]
    alone = reviews.flag(DAY, "shop", "d")
    assert (alone["of_picture"], alone["reviews"]) == ([], [])
    with pytest.raises(NotFlaggedError, match="shop z is not flagged, or not in the sample, on 20"):
        reviews.flag(DAY, "shop", "z")


def test_a_decision_holds_what_it_was_about(reviews):
    (row,) = reviews.decide(subjects("b"), "confirmed", HOSTILE, note="n", label=None)
    (kept,) = written(reviews)
    assert row["review_id"] == kept["review_id"]
    assert {name: kept[name] for name in ("reviewed_by", "note", "decision", "label")} == {
        "reviewed_by": HOSTILE,
        "note": "n",
        "decision": "confirmed",
        "label": "nike",
    }
    about = ("image_sha256", "rule_id", "rules_version", "model_version", "sampled")
    assert [kept[name] for name in about] == [PICTURE, "origin", "r1", "1", False]


def test_who_has_not_seen_the_last_decision_is_told_and_nothing_is_lost(reviews):
    (first,) = reviews.decide(subjects("a"), "confirmed", "ann", note="seen it")
    with pytest.raises(
        DecidedMeanwhileError, match="shop a was confirmed by ann meanwhile"
    ) as told:
        reviews.decide(subjects("a", "b"), "dismissed", "bob")
    (other,) = told.value.others
    assert other["listing_id"] == "a"
    assert (other["review"]["review_id"], other["review"]["note"]) == (
        first["review_id"],
        "seen it",
    )
    assert len(written(reviews)) == 1, "nothing of a refused decision is kept"
    reviews.decide(subjects("a", seen=first["review_id"]), "dismissed", "bob")
    assert [one["reviewed_by"] for one in written(reviews)] == ["ann", "bob"]
    assert reviews.page(Filters(decision="dismissed"))[0]["review"]["reviewed_by"] == "bob"
    assert [one["decision"] for one in reviews.flag(DAY, "shop", "a")["reviews"]] == [
        "dismissed",
        "confirmed",
    ]


def test_of_many_at_the_very_same_time_one_decides_and_the_others_are_told(reviews):
    people = [f"reviewer {number}" for number in range(8)]
    start = Barrier(len(people))

    def decide(who: str) -> str | None:
        start.wait()
        try:
            reviews.decide(subjects("a", "b", "c"), "confirmed", who)
        except DecidedMeanwhileError as error:
            return str(error.others[0]["review"]["reviewed_by"])
        return None

    with ThreadPoolExecutor(len(people)) as pool:
        told = list(pool.map(decide, people))
    winner = people[told.index(None)]
    assert told.count(None) == 1
    assert {one for one in told if one} == {winner}
    assert [one["reviewed_by"] for one in written(reviews)] == [winner] * 3


def test_the_same_flag_twice_in_one_request_is_decided_once(reviews):
    assert len(reviews.decide(subjects("a", "a"), "unsure", "ann")) == 1


def test_a_flag_that_is_gone_refuses_the_whole_request(reviews):
    with pytest.raises(NotFlaggedError, match="the day was flagged anew"):
        reviews.decide(subjects("a", "gone"), "confirmed", "ann")
    assert written(reviews) == []


def test_a_decision_outlives_the_flag_it_was_about(reviews, warehouse):
    reviews.decide(subjects("b"), "confirmed", "ann")
    warehouse.replace_day(DAY, flagged_day(flag("a")))
    assert [one["label"] for one in reviews.labels()] == ["nike"]


def test_the_sample_has_its_own_answers_which_decide_no_flag(reviews):
    assert sorted(ids(reviews.sample())) == ["a", "s"]
    assert reviews.sample(BEFORE) == []
    right = reviews.answer(Subject(DAY, "shop", "a"), "gucci", "ann")
    wrong = reviews.answer(Subject(DAY, "shop", "s"), "no_logo", "ann")
    assert (right["decision"], wrong["decision"]) == ("confirmed", "dismissed")
    assert {one["review"]["label"] for one in reviews.sample(DAY)} == {"gucci", "no_logo"}
    assert "a" in ids(reviews.page(Filters(decision="open")))
    with pytest.raises(DecidedMeanwhileError):
        reviews.answer(Subject(DAY, "shop", "s"), None, "bob")
    again = reviews.answer(Subject(DAY, "shop", "s", wrong["review_id"]), None, "bob")
    assert (again["decision"], again["label"]) == ("unsure", None)
    with pytest.raises(NotFlaggedError):
        reviews.answer(Subject(DAY, "shop", "b"), "gucci", "ann")


def test_labels_are_what_the_last_decisions_say(reviews):
    def said() -> dict[str, str]:
        return {one["listing_id"]: one["label"] for one in reviews.labels()}

    first = reviews.decide(subjects("a", "b", "c"), "confirmed", "ann")
    assert said() == {"a": "gucci", "b": "nike", "c": "gucci"}
    seen = {one["listing_id"]: one["review_id"] for one in first}
    reviews.decide(subjects("a", seen=seen["a"]), "dismissed", "bob")
    reviews.decide(subjects("b", seen=seen["b"]), "dismissed", "bob", label="no_logo")
    reviews.decide(subjects("c", seen=seen["c"]), "unsure", "bob", label="chanel")
    assert said() == {"b": "no_logo"}
    (row,) = reviews.labels()
    assert (row["reviewed_by"], row["seller_id"], row["image_sha256"]) == ("bob", HOSTILE, PICTURE)
    reviews.answer(Subject(DAY, "shop", "s"), "chanel", "cid")
    assert said() == {"b": "no_logo", "s": "chanel"}


def test_of_a_confirmed_listing_without_a_logo_no_label_follows(reviews, warehouse):
    warehouse.replace_day(DAY, flagged_day(flag("a", brand="no_logo")))
    reviews.decide(subjects("a"), "confirmed", "ann")
    assert reviews.labels() == []


def test_only_pictures_of_flags_and_samples_may_be_shown(reviews):
    assert reviews.shows(PICTURE)
    assert reviews.shows(SAMPLED["image_sha256"])
    assert not reviews.shows("cd" * 32)


def test_the_choices_are_what_there_is(reviews):
    found = reviews.choices()
    assert found == {
        "rules": ["origin", "unsure_logo"],
        "marketplaces": ["bazaar", "shop"],
        "days": [DAY, BEFORE],
        "sample_days": [DAY],
    }


def test_an_empty_warehouse_has_nothing_to_review(own_warehouse, warehouse):
    empty = Reviews(own_warehouse.settings)
    assert empty.page(Filters()) == empty.sample() == empty.labels() == []
    assert empty.count(Filters()) == 0
    assert not any(empty.choices().values())


def test_a_count_ends_where_it_is_much(reviews, warehouse):
    flags = [flag(f"{number}") for number in range(COUNTED + 5)]
    warehouse.replace_day(DAY, flagged_day(*flags))
    assert reviews.count(Filters(ds=DAY)) == COUNTED


def test_a_warehouse_that_is_down_is_one_sentence(own_warehouse, unused_port):
    uri = own_warehouse.settings.warehouse_uri.__class__(
        f"postgresql://platform:secret@127.0.0.1:{unused_port}/warehouse"
    )
    away = Reviews(own_warehouse.settings.model_copy(update={"warehouse_uri": uri}))
    with pytest.raises(WarehouseError, match="reading for review at 127") as caught:
        away.page(Filters())
    assert "secret" not in str(caught.value)
