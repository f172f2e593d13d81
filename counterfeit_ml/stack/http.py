"""HTTP to the stack's own services: never through a proxy."""

from typing import Any

import requests

TIMEOUT_SECONDS = 10


def call(method: str, url: str, json: Any = None, token: str | None = None) -> requests.Response:
    """One request; raises ``requests.RequestException`` where nothing answers."""
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return session.request(method, url, json=json, headers=headers, timeout=TIMEOUT_SECONDS)


def answers(url: str, with_success: bool = True) -> bool:
    """Whether ``url`` answers, and by default with success."""
    try:
        return call("GET", url).ok or not with_success
    except requests.RequestException:
        return False
