"""Refuses what another page makes a browser ask of Airflow in the name of who is logged in."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

READING = frozenset({"GET", "HEAD", "OPTIONS"})
OURS = frozenset({None, "same-origin", "none"})
"""What browsers say of our own pages and of addresses typed in; programs say nothing."""


class SameOriginOnly:
    """Middleware: 403 for whatever would change something and comes from another origin's page.

    The cookie's SameSite does not do it: to a browser, each port of a host is the same site.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through."""
        answer: ASGIApp = self.app
        if _changes(scope) and Headers(scope=scope).get("Sec-Fetch-Site") not in OURS:
            answer = PlainTextResponse("A page of another origin asked for this.", 403)
        await answer(scope, receive, send)


def _changes(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] not in READING
