"""A shop of a few pages on a local port, with the faults that the tests ask for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import monotonic

Answer = tuple[int, str, bytes]


@dataclass
class SmallShop:
    """Answers by path; ``asked`` are the paths that came, in order, ``at`` their times.

    Pages and pictures carry an ETag, and are not sent again to who has it, with ``etags``.
    """

    answers: dict[str, Answer]
    url: str = ""
    etags: bool = False
    asked: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    once: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    hung: dict[str, Event] = field(default_factory=dict)
    trickling: set[str] = field(default_factory=set)
    closed: Event = field(default_factory=Event)

    def page(self, path: str, body: str, kind: str = "text/html", **headers: str) -> None:
        self.answers[path] = (200, kind, body.encode())
        self.headers[path] = {name.replace("_", "-"): value for name, value in headers.items()}

    def redirect(self, path: str, target: str) -> None:
        self.answers[path] = (302, target, b"")

    def status(self, path: str, status: int, **headers: str) -> None:
        self.answers[path] = (status, "text/html", b"<p>Sorry.</p>")
        self.headers[path] = {name.replace("_", "-"): value for name, value in headers.items()}

    def status_once(self, path: str, status: int, **headers: str) -> None:
        """Answer ``path`` with ``status`` the first time."""
        self.once[path] = (
            status,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )

    def hang(self, path: str) -> None:
        """Do not answer ``path`` before the shop closes."""
        self.hung[path] = Event()

    def trickle(self, path: str) -> None:
        """Send the body of ``path`` byte by byte, without end."""
        self.trickling.add(path)

    def wait_for(self, path: str) -> None:
        """Return when ``path``, which hangs, was asked for."""
        assert self.hung[path].wait(60)

    def picture(self, path: str, body: bytes) -> None:
        self.answers[path] = (200, "image/jpeg", body)

    def listing(self, sku: str, image: str, **change: object) -> None:
        """A product page under /item/ with JSON-LD."""
        offer = {"@type": "Offer", "price": "10.00", "priceCurrency": "EUR"}
        product = {
            "@type": "Product",
            "sku": sku,
            "name": f"Bag {sku}",
            "image": image,
            "offers": offer,
        } | change
        self.page(
            f"/item/{sku}",
            f'<link rel="canonical" href="/item/{sku}">'
            f'<script type="application/ld+json">{json.dumps(product)}</script>',
        )

    def sitemap(self, path: str, *entries: tuple[str, str]) -> None:
        """A sitemap of paths and their lastmod."""
        urls = "".join(
            f"<url><loc>{self.url}{page}</loc><lastmod>{changed}</lastmod></url>"
            for page, changed in entries
        )
        self.page(path, f"<urlset>{urls}</urlset>", "text/xml")

    def forget(self) -> None:
        """Start a new list of what was asked for."""
        self.asked.clear()
        self.at.clear()


def links(*paths: str) -> str:
    return "".join(f'<a href="{path}">x</a>' for path in paths)


@contextmanager
def serve(shop: SmallShop) -> Iterator[SmallShop]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            shop.asked.append(self.path)
            shop.at.append(monotonic())
            shop.agents.add(self.headers["User-Agent"])
            if self.path in shop.hung:
                shop.hung[self.path].set()
                shop.closed.wait()
                return
            if self.path in shop.once:
                status, headers = shop.once.pop(self.path)
                _send(self, (status, "text/html", b""), headers)
                return
            answer = shop.answers.get(self.path) or shop.answers.get(self.path.partition("?")[0])
            _answer(self, shop, answer or (404, "text/html", b""))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False  # connections are kept alive
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield shop
    finally:
        shop.closed.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(handler: BaseHTTPRequestHandler, shop: SmallShop, answer: Answer) -> None:
    headers = dict(shop.headers.get(handler.path, {}))
    if shop.etags and answer[0] == 200:
        headers["ETag"] = f'"{sha256(answer[2]).hexdigest()}"'
        if handler.headers["If-None-Match"] == headers["ETag"]:
            answer = (304, "text/html", b"")
    try:
        if handler.path in shop.trickling:
            _trickle(handler, shop)
        else:
            _send(handler, answer, headers)
    except ConnectionError:
        handler.close_connection = True  # the client had enough


def _send(handler: BaseHTTPRequestHandler, answer: Answer, extra: dict[str, str]) -> None:
    status, kind, body = answer
    headers = {"Location" if status == 302 else "Content-Type": kind, **extra}
    if status != 304:
        headers["Content-Length"] = str(len(body))
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def _trickle(handler: BaseHTTPRequestHandler, shop: SmallShop) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not shop.closed.wait(0.05):
        handler.wfile.write(b"x")
