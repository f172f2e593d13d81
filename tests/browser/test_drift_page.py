"""The page *Drift* in Airflow's menu, in a real Chromium."""

import pytest
from playwright.sync_api import expect

from counterfeit_ml.demo.airflow_client import AirflowClient
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring import measure_drift
from tests.monitoring.drawn import pictures, put_day

DAYS = ("1996-03-01", "1996-03-02", "1996-03-03")
BRIGHT = "1996-03-04"


@pytest.fixture(scope="module")
def compared(stack) -> str:
    """Three days alike, and one with brighter pictures."""
    lake = Lake(stack.settings)
    for seed, ds in enumerate((*DAYS, BRIGHT)):
        put_day(lake, ds, seed, new=pictures(seed, light=60 if ds == BRIGHT else 0))
        measure_drift(stack.settings, ds)
    return BRIGHT


def test_the_days_are_in_the_menu_and_lead_to_both_histograms(open_page, compared):
    shown = open_page("Drift")
    row = shown.locator("tr", has_text=compared)
    expect(row.locator("td.severe")).to_contain_text("brightness")
    expect(shown.locator("tr", has_text=DAYS[2]).locator("td.none").first).to_have_text("—")
    row.get_by_role("link", name=compared).click()
    feature = shown.locator("section#brightness")
    expect(feature.locator(".severe")).to_have_text("severe")
    before, now = feature.locator("figure").all()
    expect(before.locator("figcaption")).to_have_text(f"{DAYS[0]} to {DAYS[2]}, 450")
    expect(now.locator("figcaption")).to_have_text(f"{compared}, 150")
    assert middle(now) > middle(before) + 50
    assert "%" in now.locator("rect title").first.text_content()


def middle(figure) -> float:
    """Where the bars of a histogram have their weight, in the chart's units."""
    bars = [
        [float(bar.get_attribute(name)) for name in ("x", "height")]
        for bar in figure.locator("rect").all()
    ]
    return sum(x * height for x, height in bars) / sum(height for _, height in bars)


def test_the_page_is_for_who_is_logged_in_and_runs_no_script_but_its_own(page, stack, compared):
    base = f"{stack.stack.airflow_url}/drift"
    for name in ("index.html", f"{compared}.html", "drift.css"):
        answer = page.goto(f"{base}/{name}")
        assert answer is not None
        assert answer.status == 401
        assert "brightness" not in page.content()
    session = AirflowClient(stack.stack)._session
    policy = session.get(f"{base}/index.html", timeout=30).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; base-uri")
    for name in ("layout.html", "1990-01-01.html", "19960304.html", "..%2fplugin.py", "x.html"):
        assert session.get(f"{base}/{name}", timeout=30).status_code == 404
