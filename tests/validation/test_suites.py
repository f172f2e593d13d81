from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import great_expectations as gx
import pandas as pd
import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.settings import ROOT
from counterfeit_ml.validation.suites import SuiteRun, load_suite, run_suite
from counterfeit_ml.validation.training_images import training_images

CLASSES = list(load_brands(ROOT / "config").classes)
LISTING: dict[str, Any] = {
    "marketplace": "shop",
    "listing_id": "1",
    "title": "bag",
    "price": 10.0,
    "price_high": None,
    "currency": "EUR",
    "price_usd": 11.0,
    "rate_date": date(2026, 1, 1),
    "seller_id": "s",
    "condition": "new",
    "image_sha256": "a" * 64,
    "scraped_at": datetime(2026, 1, 1, tzinfo=UTC),
    "quarantined_share": 0.1,
}
SCORE: dict[str, Any] = {
    "marketplace": "shop",
    "listing_id": "1",
    "brand": "nike",
    "confidence": 0.9,
    "error": None,
    "model_version": "7",
}


def check(suite: str, rows: list[dict[str, Any]], **parameters: Any) -> SuiteRun:
    context = gx.get_context(mode="ephemeral")
    frame = pd.DataFrame(rows)
    return run_suite(
        context, load_suite(ROOT / "expectations", suite), frame, "2026-01-01", parameters
    )


@pytest.fixture
def labels(label_row) -> list[dict[str, Any]]:
    """Three pictures of each class, one of them for evaluation."""
    return [
        label_row(
            sha256(f"{label}{number}".encode()).hexdigest(),
            label,
            split="evaluation" if number == 0 else "train",
        )
        for label in CLASSES
        for number in range(3)
    ]


def check_labels(rows: list[dict[str, Any]], classes: list[str] = CLASSES) -> SuiteRun:
    frame = training_images(rows).to_pylist()
    return check("training_images", frame, classes=classes)


def test_sound_rows_pass(labels):
    assert check("listings", [LISTING, {**LISTING, "listing_id": "2"}]).failures == ()
    assert check("scored_listings", [SCORE], classes=CLASSES, listings=1).failures == ()
    run = check_labels(labels)
    assert (run.failures, run.warnings) == ((), ())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"price": -5.0}, "Prices are positive (1 rows differ: -5.0)"),
        ({"price_usd": 0.0}, "Prices in US dollars are positive and below ten million"),
        ({"title": "<b>bag</b>"}, "Titles hold no markup and no control characters"),
        ({"title": "bag\x00"}, "Titles hold no markup and no control characters"),
        ({"currency": "Quatloos"}, "Currencies are ISO 4217 codes"),
        ({"image_sha256": "../../etc/passwd"}, "Every listing has a stored picture"),
        ({"condition": "shiny"}, "Condition is new or used where stated"),
        ({"listing_id": "1"}, "A listing stands once for each marketplace and day"),
        ({"quarantined_share": 0.6}, "No marketplace had more than half of its records refused"),
        ({"price_high": 1.0}, "A price range runs upwards"),
    ],
)
def test_one_bad_listing_fails_its_expectation_alone(change, sentence):
    rows = [LISTING, {**LISTING, "listing_id": "2", **change}]
    (failure,) = check("listings", rows).failures
    assert failure.startswith(sentence)


def test_missing_sellers_are_a_warning():
    run = check("listings", [{**LISTING, "seller_id": None}])
    assert run.failures == ()
    assert run.warnings[0].startswith("At least half of the listings name their seller")


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([SCORE], "Every listing of the day is scored"),
        ([SCORE, SCORE], "A listing is scored once"),
        (
            [SCORE, {**SCORE, "listing_id": "2", "model_version": "8"}],
            "One model scored the whole day",
        ),
        (
            [SCORE, {**SCORE, "listing_id": "2", "brand": "adidas"}],
            "Scores name brands of brands.yaml, or no_logo",
        ),
        (
            [SCORE, {**SCORE, "listing_id": "2", "confidence": 1.5}],
            "Confidences are probabilities",
        ),
        (
            [SCORE, {**SCORE, "listing_id": "2", "error": "not a picture"}],
            "At most one picture in a hundred could not be scored",
        ),
    ],
)
def test_bad_scores_fail(rows, sentence):
    (failure,) = check("scored_listings", rows, classes=CLASSES, listings=2).failures
    assert failure.startswith(sentence)


def test_a_brand_without_a_picture_fails(labels):
    rows = [row for row in labels if row["label"] != "versace"]
    (failure,) = check_labels(rows).failures
    assert failure.startswith("Every brand, and no_logo, has at least one picture")


def test_a_picture_under_two_labels_fails(labels):
    (failure,) = check_labels([*labels, {**labels[0], "label": "gucci"}]).failures
    assert failure.startswith("No picture has two labels")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"split": None}, "Every picture has a split: import again"),
        ({"split": "test"}, "Splits are train or evaluation"),
        ({"width": 31}, "Pictures are at least 32 pixels wide"),
        ({"height": 8}, "Pictures are at least 32 pixels high"),
        ({"origin": "rumour"}, "The origin of each label is known"),
        ({"image_sha256": "../secret"}, "Every label names a stored picture"),
    ],
)
def test_one_bad_label_fails_its_expectation_alone(labels, change, sentence):
    (failure,) = check_labels([{**labels[0], **change}, *labels[1:]]).failures
    assert failure.startswith(sentence)


def test_a_leak_fails(labels):
    """The same picture, one bit from itself, on both sides of the split."""
    measuring = labels[0]
    leak = f"{int(measuring['phash'], 16) ^ 1:016x}"
    rows = [*labels[:1], {**labels[1], "phash": leak, "dhash": measuring["dhash"]}, *labels[2:]]
    (failure,) = check_labels(rows).failures
    assert failure.startswith("No near-duplicates are parted by the split (2 rows differ")


def test_a_parted_group_fails(labels):
    rows = [{**labels[0], "split_group": labels[1]["split_group"]}, *labels[1:]]
    (failure,) = check_labels(rows).failures
    assert failure.startswith("No split group is parted (2 rows differ")


def test_what_trains_badly_is_a_warning(labels):
    thin = check_labels([row for row in labels[:-1] if row["label"] != "gucci"], CLASSES[:1])
    assert thin.failures == ()
    assert [one.split(" (")[0] for one in thin.warnings] == [
        "Labels are classes of this training: others are left out",
        "Every class has three pictures that are no copies, so one can measure it",
    ]
    same = {**labels[4], "phash": labels[1]["phash"], "dhash": labels[1]["dhash"]}
    (warning,) = check_labels([*labels[:4], same, *labels[5:]]).warnings
    assert warning.startswith("No picture has another label in another size or compression")


def test_one_class_that_drowns_the_others_is_a_warning(labels, label_row):
    many = [label_row(sha256(bytes([n])).hexdigest(), "no_logo") for n in range(200)]
    (warning,) = check_labels([*labels, *many]).warnings
    assert warning.startswith("No class has more than four fifths of all pictures")


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x", "expectations": [{"type": "nope"}]}'])
def test_a_broken_suite_names_its_file(tmp_path, text):
    (tmp_path / "listings.json").write_text(text)
    with pytest.raises(ConfigError, match=r"listings\.json is not an expectation suite"):
        load_suite(tmp_path, "listings")
