"""Our pages in Airflow, opened in a real Chromium by a logged-in person."""

import json
from urllib.parse import quote

import pyarrow as pa
import pytest
from playwright.sync_api import expect

from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.errors import ValidationError
from counterfeit_ml.lake import Lake
from counterfeit_ml.validation import validate_listings
from tests.dags.asking import Airflow
from tests.waiting import until

DAY = "1999-04-01"
HOSTILE_TITLE = "<img src=x onerror=\"document.title='hacked'\">\x01"
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


def test_data_docs_are_in_the_menu_and_lead_to_the_rows(logged_in, open_page, failed_day):
    docs = open_page("Data Docs")
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


@pytest.fixture(scope="module")
def airflow(stack) -> Airflow:
    client = Airflow(stack.stack)
    until(lambda: "ingest_listings" in client.dag_ids())
    return client


@pytest.fixture
def results(logged_in, stack, airflow):
    """Takes a feed and opens the tab of its run."""

    def open_results(source: str, wait: bool = True):
        conf = {"marketplaces": ["browser_feed"], "source": source, "day": DAY}
        run = airflow.trigger("ingest_listings", conf)
        if wait:
            airflow.ended(run)
        page = f"{stack.stack.airflow_url}/dags/ingest_listings/runs/{quote(run.run_id, safe='')}"
        logged_in.goto(page)
        logged_in.get_by_role("link", name="Results").click()
        return logged_in.frame_locator("iframe")

    return open_results


def test_a_run_shows_what_was_seen_and_refused_by_reason(results, tmp_path):
    feed = tmp_path / "feed.jsonl"
    free = {"listing_id": "1", "url": "http://shop/1", "title": "bag", "price": "free"}
    feed.write_text(f"no JSON\nno JSON\n{json.dumps(free)}\n", encoding="utf-8")
    tab = results(str(feed))
    row = tab.get_by_role("row", name="browser_feed").first
    expect(row.get_by_role("cell", name="success")).to_be_visible()
    heads = tab.locator("thead").first.get_by_role("columnheader").all_inner_texts()
    counts = dict(zip(heads, row.locator("th, td").all_inner_texts(), strict=True))
    assert (counts["seen"], counts["listed"], counts["refused"]) == ("3", "0", "3")
    expect(tab.get_by_text("Refused from browser_feed: 3 of 3")).to_be_visible()
    widths = {
        bar.locator("th").inner_text(): bar.locator(".bar").bounding_box()["width"]
        for bar in tab.locator(".bars tr").all()
    }
    assert widths["not json"] == pytest.approx(2 * widths["zero price"], rel=0.02)


def test_a_marketplace_that_failed_shows_why_and_nothing_hostile_runs(results, logged_in):
    tab = results(f"/no/{HOSTILE_TITLE.removesuffix(chr(1))}.jsonl")
    row = tab.get_by_role("row", name="browser_feed").first
    expect(row.get_by_role("cell", name="failed")).to_be_visible()
    notice = tab.locator(".notice")
    expect(notice).to_contain_text("<img src=x")
    expect(notice).to_contain_text("cannot be read")
    assert tab.locator("img").count() == 0
    assert logged_in.title() != "hacked"


def test_a_task_without_a_pool_says_what_to_do_and_goes_on_when_that_is_done(
    results, stack, airflow, request
):
    pool = f"{stack.stack.airflow_url}/api/v2/pools/feeds"
    request.addfinalizer(lambda: stack.counterfeit("up"))
    assert airflow._session.delete(pool, timeout=30).ok
    tab = results("/no/feed.jsonl", wait=False)
    sentence = "waits for the pool feeds, which does not exist: run `counterfeit up`."
    expect(tab.locator(".notice")).to_contain_text(sentence, timeout=PATIENCE_MS)
    assert stack.counterfeit("up").returncode == 0
    expect(tab.locator(".notice")).to_contain_text("cannot be read", timeout=PATIENCE_MS)


def test_the_tab_runs_no_script_but_its_own_and_only_for_who_is_logged_in(page, stack, airflow):
    address = f"{stack.stack.airflow_url}/run-results/index.html"
    assert (
        airflow._session.get(address, timeout=30)
        .headers["Content-Security-Policy"]
        .startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
    )
    missing = f"{stack.stack.airflow_url}/run-results/..%2fplugin.py"
    assert airflow._session.get(missing, timeout=30).status_code == 404
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 401
