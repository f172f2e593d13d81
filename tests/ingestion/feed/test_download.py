import gzip
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed import Feed, download, open_feed
from ingestion.feed.reading import DAY, NOWHERE, read
from ingestion.small_shop import SmallShop, serve
from tests.intrusions import SSRF_BY_FEED

LINE = b'{"listing_id": "A", "title": "Bag"}\n'


@pytest.fixture
def shop() -> Iterator[SmallShop]:
    with serve(SmallShop({})) as shop:
        shop.answers["/a.jsonl"] = (200, "application/jsonl", LINE)
        yield shop


def fetch(url: str, allow_local: bool = True) -> bytes:
    file = io.BytesIO()
    digest = download.download(url, allow_local, file)
    assert digest == sha256(file.getvalue()).hexdigest()
    return file.getvalue()


@contextmanager
def answering(*pieces: bytes, pause: float = 0) -> Iterator[str]:
    """A server that sends these pieces to whoever asks, waits ``pause`` before each, and goes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                for piece in pieces:
                    try:
                        connection.sendall(piece)
                    except OSError:  # the other side has given up
                        return
                    time.sleep(pause)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.jsonl"
        thread.join()


def test_a_feed_of_the_web_is_read(shop):
    shop.answers["/2026-11-22/a.jsonl.gz"] = (200, "application/gzip", gzip.compress(LINE * 3))
    feed = Feed(path=f"{shop.url}/{{ds}}/a.jsonl.gz?key=secret", allow_local=True)
    with open_feed(feed, DAY, NOWHERE) as opened:
        entries = list(opened.entries())
        assert opened.folder is None
        assert list(opened.entries()) == entries
        before = opened.fingerprint
    assert [entry.source for entry in entries] == [f"a.jsonl.gz:{number}" for number in (1, 2, 3)]
    assert shop.asked == ["/2026-11-22/a.jsonl.gz?key=secret"]
    with open_feed(feed, DAY, NOWHERE) as opened:
        assert opened.fingerprint == before
    shop.answers["/2026-11-22/a.jsonl.gz"] = (200, "application/gzip", LINE)
    with open_feed(feed, DAY, NOWHERE) as opened:
        assert opened.fingerprint != before


def test_redirects_are_followed(shop):
    for number in range(download.MAX_REDIRECTS - 1):
        shop.redirect(f"/{number}", f"/{number + 1}")
    shop.redirect(f"/{download.MAX_REDIRECTS - 1}", f"{shop.url}/a.jsonl")
    assert fetch(f"{shop.url}/0") == LINE


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("/loop", "it redirects more than 5 times"),
        ("file:///etc/passwd", "is no http or https address"),
        ("ftp://shop.example/a", "is no http or https address"),
        ("http://user:secret@shop.example/", "carries a user name or password"),
        ("http://10.0.0.1/a", "10.0.0.1 has the private address 10.0.0.1"),
        ("http://[::1]/a", "::1 has the private address ::1"),
        ("http://127.0.0.1:1/a", "127.0.0.1 has the private address"),
        ("http://localhost:1/a", "localhost has the private address"),
        ("http://127.1/a", "127.1 has the private address"),
        ("http://2130706433/a", "private address"),
        ("http://[::ffff:169.254.169.254]/", "private address"),
    ],
)
@SSRF_BY_FEED
def test_each_redirect_is_checked(shop, target, message):
    shop.redirect("/loop", target)
    with pytest.raises(IngestionError) as error:
        fetch(f"{shop.url}/loop")
    assert message in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "0x7f.1"])
@SSRF_BY_FEED
def test_a_private_host_must_be_declared(shop, host):
    port = shop.url.rpartition(":")[2]
    with pytest.raises(IngestionError, match=r"private address|canonical"):
        fetch(f"http://{host}:{port}/a.jsonl", allow_local=False)
    assert not shop.asked


@SSRF_BY_FEED
def test_a_name_of_the_web_that_leads_here_is_not_asked(shop, monkeypatch):
    host, port = shop.url.removeprefix("http://").split(":")

    def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, int(port)))]

    # No name server of the web would say so at our bidding.
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(IngestionError, match=r"shop\.example has the private address 127\.0\.0\.1"):
        fetch(f"http://shop.example:{port}/a.jsonl", allow_local=False)
    assert not shop.asked


def test_a_declared_host_may_be_a_name(shop):
    assert fetch(f"{shop.url.replace('127.0.0.1', 'localhost')}/a.jsonl") == LINE


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_refusal_is_told(shop, status):
    shop.status("/a.jsonl", status)
    with pytest.raises(
        IngestionError, match=rf"/a\.jsonl cannot be fetched: the server answered {status}"
    ):
        read(Feed(path=f"{shop.url}/a.jsonl?key=1", allow_local=True))


def test_a_host_that_is_not_there():
    with pytest.raises(IngestionError, match=r"the host shop\.invalid cannot be found"):
        fetch("http://shop.invalid/a.jsonl")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(IngestionError, match=rf"no connection to 127\.0\.0\.1:{port}"):
        fetch(f"http://127.0.0.1:{port}/a.jsonl")


def test_one_too_large(shop, monkeypatch):
    monkeypatch.setattr(download, "MAX_BYTES", len(LINE))
    assert fetch(f"{shop.url}/a.jsonl") == LINE
    monkeypatch.setattr(download, "MAX_BYTES", len(LINE) - 1)
    with pytest.raises(IngestionError, match="it is larger than"):
        fetch(f"{shop.url}/a.jsonl")
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n", LINE) as url,
        pytest.raises(IngestionError, match="it is larger than"),
    ):
        fetch(url)


def test_a_connection_that_breaks():
    with (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + LINE) as url,
        pytest.raises(IngestionError, match="the connection broke before its end"),
    ):
        fetch(url)


@pytest.mark.parametrize("nonsense", [b"\0\1\2\r\n\r\n", b"HTTP/1.1 200 OK\r\nA" * 10_000])
def test_nonsense_is_an_error(nonsense):
    with (
        answering(nonsense) as url,
        pytest.raises(IngestionError, match="cannot be fetched"),
    ):
        fetch(url)


def test_a_server_that_falls_silent(shop, monkeypatch):
    monkeypatch.setattr(download, "STALL_SECONDS", 0.2)
    shop.hang("/a.jsonl")
    with pytest.raises(IngestionError, match="the server sent nothing for"):
        fetch(f"{shop.url}/a.jsonl")


def test_a_server_that_trickles(monkeypatch):
    monkeypatch.setattr(download, "STALL_SECONDS", 2)
    with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 200, pause=0.05) as url,
        pytest.raises(IngestionError, match="less than 1024 bytes a second"),
    ):
        fetch(url)
