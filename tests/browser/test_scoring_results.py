"""What a run of score_listings shows of itself, in a real Chromium."""

import re
import time
from urllib.parse import quote

import pyarrow as pa
import pytest
from playwright.sync_api import expect

from counterfeit_ml.datasets import LISTINGS
from counterfeit_ml.demo.airflow_client import AirflowClient, Run
from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import CHAMPION, MODEL, Registry
from tests.scoring.colours import draw, register_colours

BEFORE, DAY = "1995-04-01", "1995-04-02"
PATIENCE_S = 120


@pytest.fixture
def champion(stack, tmp_path):
    """A colour model scores until the test ends."""
    registry = Registry(stack.settings)
    before, version = registry.holder(CHAMPION), register_colours(stack.settings, tmp_path)
    registry.promote(version)
    yield version
    if before:
        registry.promote(before)
    else:
        registry.client().delete_registered_model_alias(MODEL, CHAMPION)


@pytest.fixture
def scored(stack, listing_row, champion) -> Run:
    """The run of a day with one old picture, two new ones and one that is none of them sound."""
    lake, client = Lake(stack.settings), AirflowClient(stack.stack)
    drawn = [lake.put_image(draw(shade, 0, 3)) for shade in (40, 90, 140)]
    for ds, digests in ((BEFORE, drawn[:1]), (DAY, drawn)):
        rows = [listing_row(str(n), image_sha256=one) for n, one in enumerate(digests)]
        table = pa.Table.from_pylist(rows, LISTINGS.schema)
        lake.write(LISTINGS, table, ds=ds, marketplace="browser_scores")
        run, end = client.trigger("score_listings", {}, ds), time.monotonic() + PATIENCE_S
        while (state := client.run(run).state) not in {"success", "failed"}:
            assert time.monotonic() < end
            time.sleep(0.5)
        assert state == "success", [client.log_tail(run, task) for task in client.tasks(run)]
    return run


def test_a_run_shows_pictures_scored_and_reused_their_rate_and_the_model(
    logged_in, stack, scored, champion
):
    run = quote(scored.run_id, safe="")
    logged_in.goto(f"{stack.stack.airflow_url}/dags/score_listings/runs/{run}")
    logged_in.get_by_role("link", name="Results").click()
    tab = logged_in.frame_locator("iframe")
    expect(tab.get_by_role("heading", name="Pictures")).to_be_visible()
    rows = tab.locator("h2:has-text('Pictures') + table tr").all()
    shown = {row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows}
    assert re.fullmatch(r"\d+\.\d a second", shown.pop("rate"))
    assert shown == {
        "model version": champion,
        "scored": "2",
        "reused": "1",
        "failed": "0",
        "shards": "1",
        "listings": "3",
        "not seen that day": "0",
    }
