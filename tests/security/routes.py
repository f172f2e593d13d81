"""Asks every route that Airflow and MLflow have, and tells which ones answer."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import requests

SECONDS = 30
REFUSED = {401, 403}
METHODS = {"get", "post", "put", "patch", "delete"}
AIRFLOW_PUBLIC = {
    "GET /api/v2/version",
    "GET /api/v2/auth/login",  # leads to the page to log in
    "GET /api/v2/auth/logout",
    "GET /api/v2/monitor/health",
    "GET /auth/token",  # only for installations where everyone is administrator: 403
    "GET /auth/token/login",
    "POST /auth/token",
    "POST /auth/token/cli",
    "GET /execution/health",
}
"""What says that it lives, and the way in."""
MLFLOW_PUBLIC = re.compile(r"GET (/health|/static-files/.*|/build/.*|.*/mlflow/server-info)")
"""That it lives, its own scripts, and which features it was built with."""
OURS = (
    *("review/index.html", "review/api/choices", "review/api/flags", "review/api/count"),
    *("review/api/flag", "review/api/sample", f"review/pictures/{'0' * 64}"),
    *("drift/index.html", "data-docs/index.html", "run-results/index.html"),
    *("review/openapi.json", "drift/openapi.json", "data-docs/openapi.json"),
)


def airflow_answers(url: str, headers: Mapping[str, str]) -> dict[str, int]:
    """The routes of Airflow and of our pages that do not refuse, and what they answer."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update(headers)
        asked = {*_airflow_routes(session, url), *(("GET", f"/{path}") for path in OURS)}
        assert len(asked) > 150
        return _open(session, url, asked - {tuple(one.split(" ")) for one in AIRFLOW_PUBLIC})


def mlflow_answers(url: str, login: tuple[str, str] | None, step: int = 1) -> dict[str, int]:
    """The same of MLflow, which takes its time over each login: of every route, or of some."""
    with requests.Session() as session:
        session.trust_env = False
        session.auth = login
        asked = {one for one in _mlflow_routes() if not MLFLOW_PUBLIC.fullmatch(" ".join(one))}
        assert len(asked) > 300
        return _open(session, url, set(sorted(asked)[::step]))


def _open(session: requests.Session, url: str, asked: set[tuple[str, str]]) -> dict[str, int]:
    found = {}
    for method, path in sorted(asked):
        answer = session.request(method, url + path, timeout=SECONDS, allow_redirects=False)
        if answer.status_code not in REFUSED:
            found[f"{method} {path}"] = answer.status_code
    return found


def _airflow_routes(session: requests.Session, url: str) -> Iterator[tuple[str, str]]:
    """As it lists them itself; those for its own interface it lists nowhere."""
    from airflow.api_fastapi.core_api.routes.ui import ui_router

    for base in ("", "/auth"):
        paths = session.get(f"{url}{base}/openapi.json", timeout=SECONDS).json()["paths"]
        for path, methods in paths.items():
            yield from ((one.upper(), base + _filled(path)) for one in METHODS & set(methods))
    yield from _routes(ui_router.routes)


def _mlflow_routes() -> Iterator[tuple[str, str]]:
    from mlflow.server import app
    from mlflow.server.fastapi_app import create_fastapi_app

    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        yield from ((one, _filled(rule.rule)) for one in methods)
    yield from _routes(create_fastapi_app(app).routes)


def _routes(routes: list[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        for method in getattr(route, "methods", None) or ():
            yield method, _filled(route.path)


def _filled(path: str) -> str:
    """``path`` with something in the place of each parameter."""
    return re.sub(r"\{[^}]*\}|<[^>]*>", "1", path)
