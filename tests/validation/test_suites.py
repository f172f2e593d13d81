from datetime import UTC, date, datetime
from typing import Any

import great_expectations as gx
import pandas as pd
import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.settings import ROOT
from counterfeit_ml.validation.suites import SuiteRun, load_suite, run_suite

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


def labels() -> list[dict[str, Any]]:
    return [
        {
            "image_sha256": f"{number:064x}",
            "label": label,
            "split_group": str(number),
            "origin": "seed",
        }
        for number, label in enumerate(CLASSES)
    ]


def test_sound_rows_pass():
    assert check("listings", [LISTING, {**LISTING, "listing_id": "2"}]).failures == ()
    assert check("scored_listings", [SCORE], classes=CLASSES, listings=1).failures == ()
    assert check("training_images", labels(), classes=CLASSES).failures == ()


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


def test_a_brand_without_a_picture_fails():
    rows = [row for row in labels() if row["label"] != "versace"]
    (failure,) = check("training_images", rows, classes=CLASSES).failures
    assert failure.startswith("Every brand, and no_logo, has at least one picture")


def test_a_picture_under_two_labels_fails():
    twice = {**labels()[0], "label": "gucci"}
    (failure,) = check("training_images", [*labels(), twice], classes=CLASSES).failures
    assert failure.startswith("No picture has two labels")


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x", "expectations": [{"type": "nope"}]}'])
def test_a_broken_suite_names_its_file(tmp_path, text):
    (tmp_path / "listings.json").write_text(text)
    with pytest.raises(ConfigError, match=r"listings\.json is not an expectation suite"):
        load_suite(tmp_path, "listings")
