"""A shop of any number of listings for the ingestion benchmark: pages and pictures made as asked.

``python benchmarks/ingestion_shop.py PORT LISTINGS PICTURES`` serves until it is stopped.
"""

import io
import json
import sys
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np
import uvicorn
from PIL import Image

PICTURE_SIDE = 400
PARAGRAPHS = 60
"""Makes a page of some 20 KB, of which the product's metadata are a small part."""
CHANGED = "2020-01-01"


@lru_cache(maxsize=1)
def photo() -> bytes:
    """A JPEG of some 30 KB."""
    noise = np.random.default_rng(0).integers(0, 256, (25, 25, 3), np.uint8)
    image = Image.fromarray(noise).resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def picture(number: int) -> bytes:
    """The photo with a comment of its own: other bytes, so another picture to store."""
    comment = f"picture {number}".encode()
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    return photo()[:2] + segment + photo()[2:]


def page(number: int, listings: int, pictures: int) -> bytes:
    """A product page with JSON-LD and links to its neighbours."""
    product = {
        "@context": "https://schema.org",
        "@type": "Product",
        "sku": f"L{number}",
        "name": f"Leather bag number {number}",
        "description": "A bag. " * 20,
        "brand": {"@type": "Brand", "name": "Maison"},
        "image": f"/image/{number % pictures}.jpg",
        "offers": {
            "@type": "Offer",
            "price": f"{20 + number % 400}.00",
            "priceCurrency": "EUR",
            "itemCondition": "https://schema.org/UsedCondition",
            "seller": {"@type": "Person", "name": "Ann", "identifier": f"s{number % 97}"},
        },
    }
    links = "".join(f'<a href="/item/{(number + step) % listings}">next</a>' for step in range(8))
    text = "".join(f"<p>{'Soft calf leather, lined. ' * 12}</p>" for _ in range(PARAGRAPHS))
    return (
        f"<!doctype html><html><head><title>Bag {number}</title>"
        f'<link rel="canonical" href="/item/{number}">'
        f'<script type="application/ld+json">{json.dumps(product)}</script></head>'
        f"<body><nav>{links}</nav>{text}</body></html>"
    ).encode()


class Shop:
    """An ASGI application: robots.txt, a sitemap with dates, pages and pictures with ETags."""

    def __init__(self, base: str, listings: int, pictures: int) -> None:
        self._base, self._listings, self._pictures = base, listings, pictures

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        kind, body = self._answer(scope["path"])
        tag = f'"{sha256(body).hexdigest()[:16]}"'.encode()
        unchanged = dict(scope["headers"]).get(b"if-none-match") == tag
        status = 304 if unchanged else (200 if body else 404)
        headers = [(b"content-type", kind.encode()), (b"etag", tag)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if unchanged else body})

    def _answer(self, path: str) -> tuple[str, bytes]:
        _, folder, name = (path + "/").split("/")[:3]
        if folder == "item":
            return "text/html", page(int(name), self._listings, self._pictures)
        if folder == "image":
            return "image/jpeg", picture(int(name.removesuffix(".jpg")))
        if folder == "robots.txt":
            return "text/plain", f"User-agent: *\nSitemap: {self._base}/sitemap.xml\n".encode()
        if folder == "sitemap.xml":
            return "application/xml", self._sitemap()
        return "text/html", b"<p>Welcome</p>" if not folder else b""

    @lru_cache(maxsize=1)  # noqa: B019  (there is one shop)
    def _sitemap(self) -> bytes:
        urls = "".join(
            f"<url><loc>{self._base}/item/{number}</loc><lastmod>{CHANGED}</lastmod></url>"
            for number in range(self._listings)
        )
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        return f'<?xml version="1.0"?><urlset xmlns="{space}">{urls}</urlset>'.encode()


def main() -> None:
    """Serve."""
    port, listings, pictures = map(int, sys.argv[1:])
    shop = Shop(f"http://127.0.0.1:{port}", listings, pictures)
    uvicorn.run(shop, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
