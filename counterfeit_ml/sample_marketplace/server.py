"""The sample shop's web server: `python -m counterfeit_ml.sample_marketplace.server --directory D`.

It starts before the marketplace is generated, answers 503 until then, and takes up a new one
without a restart. It serves what the catalogue lists and nothing else.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from counterfeit_ml.sample_marketplace.shop import NotOnSaleError, Page, Shop, ShopClosedError

MAX_AGE_SECONDS = 60


def _shop(request: Request) -> Shop:
    shop: Shop = request.app.state.shop
    return shop


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _respond(request: Request, page: Page) -> Response:
    """200 with validators, or 304 where the client has these very bytes."""
    tag = f'"{hashlib.sha256(page.body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"max-age={MAX_AGE_SECONDS}"}
    if page.changed:
        headers["Last-Modified"] = f"{page.changed:%a, %d %b %Y} 08:00:00 GMT"
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return Response(page.body, headers={**headers, "Content-Type": page.content_type})


async def _home(request: Request) -> Response:
    return _respond(request, _shop(request).home())


async def _category(request: Request) -> Response:
    page = request.query_params.get("page", "1")
    if not page.isdecimal():
        raise NotOnSaleError(f"There is no page {page!r}.")
    slug = request.path_params["slug"]
    return _respond(request, _shop(request).category(_base(request), slug, int(page)))


async def _product(request: Request) -> Response:
    listing_id = request.path_params["listing_id"]
    return _respond(request, _shop(request).product(_base(request), listing_id))


async def _picture(request: Request) -> Response:
    return _respond(request, _shop(request).picture(request.path_params["name"]))


async def _admin(request: Request) -> Response:
    return _respond(request, _shop(request).admin(_base(request)))


async def _robots(request: Request) -> Response:
    return _respond(request, _shop(request).robots(_base(request)))


async def _sitemap(request: Request) -> Response:
    return _respond(request, _shop(request).sitemap(_base(request)))


async def _not_found(request: Request, error: Exception) -> Response:
    sentence = str(error) if isinstance(error, NotOnSaleError) else "There is no such page."
    try:
        page = _shop(request).notice("Not found", sentence)
    except ShopClosedError as closed:
        return await _closed(request, closed)
    return Response(page.body, 404, {"Content-Type": page.content_type})


async def _closed(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", 503, {"Retry-After": "5"})


def create_app(directory: Path) -> Starlette:
    """The shop over the marketplace in ``directory``, which may still be empty."""
    app = Starlette(
        routes=[
            Route("/", _home),
            Route("/robots.txt", _robots),
            Route("/sitemap.xml", _sitemap),
            Route("/category/{slug}", _category),
            Route("/item/{listing_id}", _product),
            Route("/images/{name}", _picture),
            Route("/admin/", _admin),
        ],
        exception_handlers={
            NotOnSaleError: _not_found,
            ShopClosedError: _closed,
            HTTPException: _http_error,
        },
    )
    app.state.shop = Shop(directory)
    return app


async def _http_error(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code != 404:
        return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
    return await _not_found(request, error)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop; exits 3 where the port is taken."""
    parser = argparse.ArgumentParser(description="Serve the sample marketplace.")
    parser.add_argument("--directory", type=Path, required=True, help="what generate() made")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args(arguments)
    uvicorn.run(
        create_app(options.directory),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
