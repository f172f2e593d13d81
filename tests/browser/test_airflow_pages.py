"""Our pages in Airflow, opened in a real Chromium by a logged-in person."""

import shutil
from collections.abc import Iterator

import pyarrow as pa
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.errors import ValidationError
from counterfeit_ml.lake import Lake
from counterfeit_ml.stack import AIRFLOW_USER
from counterfeit_ml.validation import validate_listings

DAY = "1999-04-01"
HOSTILE_TITLE = "<img src=x onerror=\"document.title='hacked'\">\x01"
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def failed_day(stack, listing_row) -> str:
    """A day whose validation failed, over a listing that tries to run a script."""
    listing = listing_row("1", title=HOSTILE_TITLE)
    table = pa.Table.from_pylist([listing], LISTINGS.schema)
    Lake(stack.settings).write(LISTINGS, table, ds=DAY, marketplace="browser_test")
    with pytest.raises(ValidationError, match="Titles hold no markup"):
        validate_listings(stack.settings, DAY)
    return DAY


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


@pytest.fixture
def logged_in(page, stack) -> Page:
    page.goto(f"{stack.stack.airflow_url}/auth/login")
    page.fill("input[name=username]", AIRFLOW_USER)
    page.fill("input[name=password]", stack.stack.airflow_admin_password.get_secret_value())
    page.keyboard.press("Enter")
    expect(page.get_by_text("Dags").first).to_be_visible(timeout=PATIENCE_MS)
    return page


def test_data_docs_are_in_the_menu_and_lead_to_the_rows(logged_in, failed_day):
    logged_in.get_by_text("Data Docs").first.click()
    docs = logged_in.frame_locator("iframe")
    row = docs.locator("tr", has_text=failed_day)
    expect(row).to_contain_text("failed", timeout=PATIENCE_MS)
    row.get_by_role("link", name=failed_day).click()
    expect(docs.get_by_text("Titles hold no markup and no control characters")).to_be_visible()
    expect(docs.locator("body")).to_contain_text("<img src")
    assert docs.locator("img").count() == 0
    assert logged_in.title() != "hacked"


def test_who_is_not_logged_in_sees_nothing(page, stack, failed_day):
    answer = page.goto(f"{stack.stack.airflow_url}/data-docs/index.html")
    assert answer is not None
    assert answer.status == 401
    assert failed_day not in page.content()


def test_the_asset_graph_shows_the_whole_chain(logged_in, stack):
    logged_in.goto(f"{stack.stack.airflow_url}/assets")
    for asset in ("listings", "validated_listings", "scored_listings", "flagged_listings"):
        expect(logged_in.get_by_role("link", name=asset, exact=True)).to_be_visible(
            timeout=PATIENCE_MS
        )
