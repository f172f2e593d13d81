"""Paths that lead out of where they belong, as they come over the wire."""

import http.client
from urllib.parse import urlsplit

import pytest

from tests.intrusions import PATH_IN_SHOP
from tests.plugins.reviewers import token

UP = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%252f", "..\\", "..%5c", "/", "%2f")
PAGES = ("review", "review/pictures", "drift", "data-docs", "run-results")
GOALS = ("etc/passwd", "platform.env", "plugins/platform_airflow/plugin.py")
SECRETS = (b"root:", b"COUNTERFEIT_", b"AirflowPlugin")


@pytest.mark.intrusion("path traversal on our pages in Airflow", "404 or 422")
@pytest.mark.parametrize("page", PAGES)
def test_no_page_leads_to_a_file(stack, page):
    cookie = f"_token={token(stack.stack, 'admin', 'admin')}"
    for up in UP:
        for goal in GOALS:
            status, body = get(stack.stack.airflow_url, f"/{page}/{up * 8}{goal}", Cookie=cookie)
            assert status in {404, 405, 422}, (page, up, goal)
            assert not any(word in body for word in SECRETS)


@PATH_IN_SHOP
def test_the_shop_leads_to_no_file(stack):
    for up in UP:
        for goal in GOALS:
            status, body = get(stack.settings.sample_marketplace_url, f"/images/{up * 8}{goal}")
            assert status in {404, 503}
            assert not any(word in body for word in SECRETS)


def get(url: str, path: str, **headers: str) -> tuple[int, bytes]:
    """The path as it stands: libraries would tidy it up."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    try:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
