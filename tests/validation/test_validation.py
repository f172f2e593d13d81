"""Validation of what is in a real lake, and the Data Docs it leaves there."""

from hashlib import sha256

import pyarrow as pa
import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.datasets import LABELS, LISTINGS, QUARANTINE
from counterfeit_ml.errors import PartitionMissingError, ValidationError
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import ROOT
from counterfeit_ml.validation import validate_listings, validate_training_images
from counterfeit_ml.validation.site import SITE

GOOD, BAD = "1999-01-01", "1999-01-02"


@pytest.fixture
def lake(services, listing_row) -> Lake:
    lake = Lake(services.settings)
    days = {
        GOOD: [listing_row("1")],
        BAD: [listing_row("1"), listing_row("2", price=-1.0)],
    }
    for day, rows in days.items():
        table = pa.Table.from_pylist(rows, LISTINGS.schema)
        lake.write(LISTINGS, table, ds=day, marketplace="validation_test")
    return lake


def docs(lake: Lake) -> dict[str, bytes]:
    return {key: lake.get(key) for key in lake.keys("data_docs/")}


def page(lake: Lake, day: str) -> str:
    (key,) = lake.keys(f"{SITE}/validations/listings/{day}/")
    return lake.get(key).decode()


def test_a_sound_day_passes_and_has_its_page(services, lake):
    run = validate_listings(services.settings, GOOD)
    assert (run.rows, run.failures) == (1, ())
    assert "Prices are positive" in page(lake, GOOD)
    assert f"validations/listings/{GOOD}/" in lake.get(f"{SITE}/index.html").decode()


def test_a_bad_day_fails_in_one_sentence_and_has_its_page(services, lake):
    with pytest.raises(ValidationError) as caught:
        validate_listings(services.settings, BAD)
    assert str(caught.value) == (
        "listings of 1999-01-02 failed 1 of 14 expectations over 2 rows: "
        "Prices are positive (1 rows differ: -1.0). Look at the rows in Data Docs, mend the data "
        "or expectations/listings.json, then run it again."
    )
    assert "Failed" in page(lake, BAD)


def test_the_same_day_again_changes_no_byte(services, lake):
    validate_listings(services.settings, GOOD)
    before = docs(lake)
    validate_listings(services.settings, GOOD)
    assert docs(lake) == before


def test_pages_run_nothing_and_fetch_nothing(services, lake, listing_row):
    hostile = listing_row("1", price=-1.0, currency="<script>alert(1)</script>")
    table = pa.Table.from_pylist([hostile], LISTINGS.schema)
    lake.write(LISTINGS, table, ds="1999-01-03", marketplace="validation_test")
    with pytest.raises(ValidationError):
        validate_listings(services.settings, "1999-01-03")
    html = page(lake, "1999-01-03") + lake.get(f"{SITE}/index.html").decode()
    assert "<script" not in html
    assert 'src="http' not in html
    assert "stylesheet" in html


def test_a_marketplace_refused_whole_fails_the_day(services, lake, listing_row):
    day = "1999-01-04"
    refused = {"source": "feed:1", "reason": "not_json", "detail": "no JSON", "record": "{"}
    for name, rows in {"sound": [listing_row("1")], "refused": []}.items():
        table = pa.Table.from_pylist(rows, LISTINGS.schema)
        lake.write(LISTINGS, table, ds=day, marketplace=f"validation_{name}")
    table = pa.Table.from_pylist([refused], QUARANTINE.schema)
    lake.write(QUARANTINE, table, ds=day, marketplace="validation_refused")
    with pytest.raises(ValidationError, match="more than half of its records refused") as caught:
        validate_listings(services.settings, day)
    expected = "Refused, see quarantine/ds=1999-01-04: 1 of 1 of validation_refused."
    assert expected in str(caught.value)


def test_a_day_that_was_never_ingested_says_so(services):
    with pytest.raises(PartitionMissingError, match="listings/ds=1998-01-01 was never published"):
        validate_listings(services.settings, "1998-01-01")


def test_labels_that_do_not_exist_say_what_to_do(services):
    with pytest.raises(PartitionMissingError, match="label_set=nothing"):
        validate_training_images(services.settings, ["nothing"])


def leaking(label_row) -> list[dict]:
    """Three pictures of each class, and a copy in the evaluation of one that trains."""
    classes = load_brands(ROOT / "config").classes
    rows = [
        label_row(sha256(f"{label}{number}".encode()).hexdigest(), label)
        for label in classes
        for number in range(3)
    ]
    looks = {"phash": rows[0]["phash"], "dhash": rows[0]["dhash"]}
    copy = label_row("f" * 64, rows[0]["label"], split="evaluation", **looks)
    return [*rows, copy]


def test_a_leak_is_refused_before_anything_is_trained(services, label_row):
    lake = Lake(services.settings)
    table = pa.Table.from_pylist(leaking(label_row), LABELS.schema)
    lake.write(LABELS, table, label_set="leak")
    expected = "No near-duplicates are parted by the split (2 rows differ: 1, 1)"
    with pytest.raises(ValidationError) as caught:
        validate_training_images(services.settings, ["leak"])
    assert expected in str(caught.value)
    done = services.counterfeit("retrain", "--set", "leak")
    lake.delete(lake.keys("labels/label_set=leak/"))
    assert done.returncode == 1
    assert expected in done.stderr
