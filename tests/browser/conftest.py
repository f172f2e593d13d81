import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect, sync_playwright

from counterfeit_ml.stack import AIRFLOW_USER

ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
PATIENCE_MS = 60_000


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
def open_page(logged_in) -> Callable[[str], FrameLocator]:
    """Opens one of our pages by Airflow's menu."""

    def open_named(name: str) -> FrameLocator:
        logged_in.get_by_text("Plugins", exact=True).first.click()
        logged_in.get_by_role("menuitem", name=name).click()
        return logged_in.frame_locator("iframe")

    return open_named


@pytest.fixture
def logged_in(page, stack) -> Page:
    page.goto(f"{stack.stack.airflow_url}/auth/login")
    page.fill("input[name=username]", AIRFLOW_USER)
    page.fill("input[name=password]", stack.stack.airflow_admin_password.get_secret_value())
    page.keyboard.press("Enter")
    expect(page.get_by_text("Dags").first).to_be_visible(timeout=PATIENCE_MS)
    return page
