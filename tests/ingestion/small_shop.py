"""A shop of a few pages on a local port, with the faults that the tests ask for."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

Answer = tuple[int, str, bytes]


@dataclass
class SmallShop:
    """Answers by path; ``asked`` are the paths that came, in order."""

    answers: dict[str, Answer]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    hung: dict[str, Event] = field(default_factory=dict)
    closed: Event = field(default_factory=Event)

    def page(self, path: str, body: str, kind: str = "text/html") -> None:
        self.answers[path] = (200, kind, body.encode())

    def redirect(self, path: str, target: str) -> None:
        self.answers[path] = (302, target, b"")

    def status(self, path: str, status: int) -> None:
        self.answers[path] = (status, "text/html", b"<p>Sorry.</p>")

    def hang(self, path: str) -> None:
        """Do not answer ``path`` before the shop closes."""
        self.hung[path] = Event()

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


def links(*paths: str) -> str:
    return "".join(f'<a href="{path}">x</a>' for path in paths)


@contextmanager
def serve(shop: SmallShop) -> Iterator[SmallShop]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shop.asked.append(self.path)
            if self.path in shop.hung:
                shop.hung[self.path].set()
                shop.closed.wait()
                return
            answer = shop.answers.get(self.path) or shop.answers.get(self.path.partition("?")[0])
            _send(self, answer or (404, "text/html", b""))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    status, kind, body = answer
    headers: Mapping[str, str] = {"Location" if status == 302 else "Content-Type": kind}
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
