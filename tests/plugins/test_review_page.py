"""The page *Review* behind a real Airflow: who may see and change what, and what it answers."""

import json
from datetime import date
from urllib.parse import urlencode

import pyarrow as pa
import pytest
import requests

from counterfeit_ml.lake import Lake
from counterfeit_ml.pictures import MAX_BYTES
from counterfeit_ml.stack import AIRFLOW_USER
from counterfeit_ml.warehouse import SAMPLE, Warehouse
from tests.flags_made import SAMPLED, flag, flagged_day
from tests.intrusions import (
    FORGED_FORM,
    FORGED_TOKEN,
    OTHER_PICTURES,
    REVIEW_PAGE,
    SCRIPT,
    SQL_OF_REVIEWERS,
    VIEWER,
)
from tests.plugins.reviewers import Reviewer
from tests.training.drawn import picture

DAY, MARKETPLACE = date(1991, 5, 1), "review_page_test"
HOSTILE = "<script>parent.document.title='hacked'</script>\u202e'; DROP TABLE x; --"
COUNT = 60


@pytest.fixture(scope="module")
def lake(stack) -> Lake:
    return Lake(stack.settings)


@pytest.fixture(scope="module")
def shown(lake) -> str:
    """The digest of a picture that is flagged."""
    return lake.put_image(picture("ring", 500))


@pytest.fixture(scope="module")
def unsound(lake) -> dict[str, str]:
    """Digests of flagged objects that are no pictures to show."""
    page = b"<html><script>alert(1)</script>"
    return {
        "html": lake.put_image(page),
        "svg": lake.put_image(b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        "huge": lake.put_image(picture("ring", 501) + b"\0" * MAX_BYTES),
        "missing": "0" * 64,
    }


@pytest.fixture(scope="module", autouse=True)
def flagged(stack, shown, unsound):
    """A day of flags and a sample, gone again at the end."""
    warehouse = Warehouse(stack.settings)
    rows = [
        flag(f"{number:02}", risk=number / COUNT, image_sha256=shown, title=HOSTILE)
        for number in range(COUNT)
    ]
    rows += [flag(name, risk=0, image_sha256=digest) for name, digest in unsound.items()]
    rows = [{**row, "marketplace": MARKETPLACE} for row in rows]
    names = ("s1", "s2")
    sample = [{**SAMPLED, "listing_id": one, "marketplace": MARKETPLACE} for one in names]
    day = flagged_day(*rows, marketplaces=(MARKETPLACE,))
    warehouse.replace_day(DAY, day._replace(sample=pa.Table.from_pylist(sample, SAMPLE)))
    yield
    warehouse.replace_day(DAY, flagged_day(marketplaces=()))


@pytest.fixture(scope="module")
def ann(stack) -> Reviewer:
    return Reviewer(stack.stack, "ann")


@pytest.fixture(scope="module")
def bob(stack) -> Reviewer:
    return Reviewer(stack.stack, "bob")


@pytest.fixture(scope="module")
def viewer(stack) -> Reviewer:
    return Reviewer(stack.stack, "vera", "viewer")


@pytest.fixture(scope="module")
def nobody(stack) -> Reviewer:
    return Reviewer(stack.stack, None)


def key(listing: str, seen: int | None = None) -> dict[str, object]:
    return {
        "ds": DAY.isoformat(),
        "marketplace": MARKETPLACE,
        "listing_id": listing,
        "seen": seen,
    }


def decision(*listings: str, **changes: object) -> dict[str, object]:
    return {"subjects": [key(one) for one in listings], "decision": "confirmed", **changes}


def decisions_about(stack, listing: str) -> list[dict]:
    return Warehouse(stack.settings).query(
        "SELECT * FROM warehouse.flag_reviews WHERE marketplace = %s AND listing_id = %s"
        " ORDER BY review_id",
        MARKETPLACE,
        listing,
    )


PATHS = (
    "index.html",
    "review.js",
    "api/choices",
    "api/flags",
    "api/count",
    f"api/flag?{urlencode({'ds': DAY, 'marketplace': MARKETPLACE, 'listing_id': '01'})}",
    "api/sample",
    f"pictures/{'0' * 64}",
)


@pytest.mark.parametrize("path", PATHS)
@REVIEW_PAGE
def test_nobody_sees_nothing(nobody, path):
    answer = nobody.get(path)
    assert answer.status_code == 401
    assert MARKETPLACE not in answer.text


@REVIEW_PAGE
def test_nobody_decides_nothing(nobody, stack):
    assert nobody.post("api/decisions", decision("01")).status_code == 401
    assert nobody.post("api/answers", {"subject": key("s1")}).status_code == 401
    assert decisions_about(stack, "01") == decisions_about(stack, "s1") == []


@VIEWER
def test_a_viewer_sees_all_and_decides_nothing(viewer, stack):
    for path in PATHS[:-1]:
        assert viewer.get(path).status_code == 200, path
    assert viewer.get("api/choices").json()["may_decide"] is False
    assert viewer.post("api/decisions", decision("01")).status_code == 403
    assert viewer.post("api/answers", {"subject": key("s1")}).status_code == 403
    assert decisions_about(stack, "01") == decisions_about(stack, "s1") == []


@FORGED_TOKEN
def test_a_forged_token_is_refused(stack):
    forged = Reviewer(
        stack.stack.model_copy(update={"airflow_jwt_secret": stack.stack.airflow_fernet_key}), "eve"
    )
    assert forged.get("api/flags").status_code in (401, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Review": ""},
        {"X-Review": "", "Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@FORGED_FORM
def test_the_cookie_alone_does_not_decide(ann, stack, headers):
    answer = ann.post("api/decisions", decision("02"), **headers)
    assert answer.status_code == 403
    assert decisions_about(stack, "02") == []


@FORGED_FORM
def test_a_forged_form_is_refused(ann, stack):
    body = json.dumps(decision("02"))
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = ann.session.post(
            f"{ann.base}/api/decisions", data=body, headers={"Content-Type": kind}, timeout=60
        )
        assert answer.status_code in (403, 422)
    assert decisions_about(stack, "02") == []


def test_pages_lead_to_each_other_and_the_count_says_how_many(ann):
    asked = {"marketplace": MARKETPLACE}
    first = ann.get("api/flags", **asked).json()
    second = ann.get("api/flags", **asked, after=first["next"]).json()
    found = [one["listing_id"] for one in (*first["flags"], *second["flags"])]
    assert found[:COUNT] == [f"{number:02}" for number in reversed(range(COUNT))]
    assert (len(first["flags"]), second["next"]) == (50, None)
    assert ann.get("api/count", **asked).json() == {"flags": COUNT + 4, "at_most": 1000}
    assert first["flags"][0]["title"] == HOSTILE
    assert ann.get("api/flags", **asked, brand="", verdict="review").json()["flags"] == []


def test_one_flag_comes_whole(ann):
    found = ann.get("api/flag", **key("03")).json()
    assert found["title"] == HOSTILE
    assert len(found["of_seller"]) == 12
    assert found["runners_up"] == [{"brand": "chanel", "probability": 0.03}]
    gone = ann.get("api/flag", **key("nowhere"))
    assert gone.status_code == 404
    assert "was flagged anew" in gone.json()["detail"]


def test_a_decision_is_kept_with_who_and_when(ann, stack):
    answer = ann.post("api/decisions", decision("04", "05", note=f" {HOSTILE} ", label="chanel"))
    assert answer.status_code == 200
    assert [one["reviewed_by"] for one in answer.json()["reviews"]] == ["ann", "ann"]
    (row,) = decisions_about(stack, "05")
    assert (row["decision"], row["note"], row["label"]) == ("confirmed", HOSTILE, "chanel")
    flags = ann.get("api/flags", marketplace=MARKETPLACE, decision="confirmed").json()["flags"]
    assert [one["listing_id"] for one in flags] == ["05", "04"]


def test_who_comes_second_is_told_and_may_decide_on_purpose(ann, bob, stack):
    (first,) = ann.post("api/decisions", decision("06", note="fake")).json()["reviews"]
    refused = bob.post("api/decisions", decision("06", "07", decision="dismissed"))
    assert refused.status_code == 409
    (other,) = refused.json()["others"]
    assert other["listing_id"] == "06"
    assert (other["review"]["reviewed_by"], other["review"]["note"]) == ("ann", "fake")
    assert decisions_about(stack, "07") == []
    again = decision(decision="dismissed") | {"subjects": [key("06", first["review_id"])]}
    assert bob.post("api/decisions", again).status_code == 200
    assert [one["reviewed_by"] for one in decisions_about(stack, "06")] == ["ann", "bob"]


def test_what_the_sample_shows_is_answered_by_itself(ann, bob, stack):
    answer = ann.post("api/answers", {"subject": key("s1"), "label": "no_logo"})
    assert answer.json()["reviews"][0]["decision"] == "confirmed"
    (row,) = decisions_about(stack, "s1")
    assert (row["sampled"], row["label"], row["rule_id"]) == (True, "no_logo", None)
    assert bob.post("api/answers", {"subject": key("s1"), "label": "nike"}).status_code == 409
    rows = ann.get("api/sample", ds=DAY).json()["sample"]
    answered = {one["listing_id"] for one in rows if one["review"]}
    assert answered == {"s1"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        decision(),
        decision("08", decision="maybe"),
        decision("08", label="adidas"),
        decision("08", note="\0"),
        decision("08", note="\ud800"),
        decision("08", note="n" * 10_001),
        decision("08", reviewed_by="somebody else"),
        decision(*["08"] * 501),
        decision() | {"subjects": [key("08", 2**63)]},
        decision() | {"subjects": [key("\0")]},
        decision() | {"subjects": [key("08") | {"ds": "2026-02-30"}]},
    ],
)
def test_a_wrong_decision_is_refused_with_a_sentence(ann, stack, body):
    answer = ann.post("api/decisions", body)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert decisions_about(stack, "08") == []


@pytest.mark.parametrize(
    "query",
    [
        {"after": "x"},
        {"after": "[1]"},
        {"after": json.dumps([1, "a\0", "b"])},
        {"ds": "yesterday"},
        {"verdict": "guilty"},
        {"brand": "\0"},
        {"decision": "later"},
    ],
)
def test_a_wrong_question_is_refused_with_a_sentence(ann, query):
    answer = ann.get("api/flags", **query)
    assert answer.status_code == 422
    assert answer.json()["detail"]


@SQL_OF_REVIEWERS
def test_a_hostile_filter_is_only_a_filter(ann):
    answer = ann.get("api/flags", marketplace="'; DROP TABLE warehouse.flagged_listings; --")
    assert answer.json() == {"flags": [], "next": None}
    assert ann.get("api/flags", marketplace=MARKETPLACE).json()["flags"]


def test_a_flagged_picture_is_shown_and_can_do_nothing(ann, shown):
    answer = ann.get(f"pictures/{shown}")
    assert answer.content == picture("ring", 500)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("private")


@OTHER_PICTURES
def test_no_other_object_is_shown_and_nothing_that_is_no_picture(ann, lake, unsound):
    other = lake.put_image(picture("bars", 502))
    for digest in (other, *unsound.values()):
        assert ann.get(f"pictures/{digest}").status_code == 404
    for path in ("..%2f..%2flabels", "A" * 64, "0" * 63, "x"):
        assert ann.get(f"pictures/{path}").status_code in (404, 422)


@SCRIPT
def test_the_page_runs_no_script_but_its_own(ann):
    answer = ann.get("index.html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src")
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    for name in ("..%2fplugin.py", "plugin.py", "nothing.js"):
        assert ann.get(name).status_code == 404


def test_the_name_is_that_of_the_login(stack):
    session = requests.Session()
    session.trust_env = False
    url = f"{stack.stack.airflow_url}/auth/token"
    password = stack.stack.airflow_admin_password.get_secret_value()
    login = session.post(url, json={"username": AIRFLOW_USER, "password": password}, timeout=60)
    session.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    found = session.get(f"{stack.stack.airflow_url}/review/api/choices", timeout=60).json()
    assert (found["reviewer"], found["may_decide"]) == (AIRFLOW_USER, True)
    assert found["labels"]["no_logo"] == "no logo"
    assert MARKETPLACE in found["marketplaces"]
