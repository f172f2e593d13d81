"""Runs the spider in a process of its own, because Twisted's reactor starts only once in each."""

import json
import logging
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.memory import Memory
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.ingestion.spider.job import ANY_HOST, Job

TIMEOUT_SECONDS = 30.0
"""For one answer as a whole, however slowly it comes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FetchedPicture:
    """What became of a picture."""

    url: str
    data: bytes | None
    known: bool
    """Whether it is in memory and was not fetched again, or came earlier in this run."""
    asked: bool
    """Whether the server was asked, and has answered with it or that it has not changed."""
    etag: str | None
    last_modified: str | None
    refused: Refused | None


@dataclass(frozen=True)
class Visit:
    """What became of one page."""

    url: str
    """As linked to; the key of ``Memory.page``."""
    source: str
    """The page's own, canonical address."""
    fetched: bool
    """False where it is known and unchanged, or was not served."""
    asked: bool
    """Whether the server was asked; False where the sitemap says that nothing has changed."""
    body: bytes | None
    """Of a page that was fetched: the evidence."""
    media_type: str | None
    etag: str | None
    last_modified: str | None
    links: tuple[str, ...]
    """Absolute, of the site alone, what may be followed."""
    record: dict[str, Any] | None
    """The raw record; None where the page shows no listing."""
    refused: Refused | None
    picture: FetchedPicture | None
    """Of the record's ``image_url``."""


@dataclass(frozen=True)
class CrawlReport:
    """What a crawl cost, and what it left."""

    pages_fetched: int
    pages_unchanged: int
    pages_left: int
    """Found, but not asked for within the budget."""
    pictures_fetched: int
    pictures_known: int
    bytes: int
    """Received, as they came over the net."""
    retries: int
    stopped: str | None
    """Why it ended early, such as ``max_pages=100``."""


@dataclass(frozen=True)
class Limits:
    """The budgets of one run, where they are not to be the site's."""

    max_pages: int | None = None
    max_bytes: int | None = None


class ShopAwayError(IngestionError):
    """No start page can be had, or nothing that it leads to is a listing."""


class _Spider:
    """The spider's process: messages from it, its log among ours."""

    def __init__(self, job: Job, name: str) -> None:
        self._job, self._name = job, name
        self._last: deque[str] = deque(maxlen=3)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "counterfeit_ml.ingestion.spider"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._log = Thread(target=self._pass_on_log, daemon=True)
        self._log.start()
        return self

    def begin(self) -> None:
        """Let it work: it only gets ready before."""
        self.tell(asdict(self._job))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._log.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe  # noqa: S101
            pipe.close()

    def tell(self, message: Any) -> None:
        """Send one line; stdin stays open, as the spider stops when we are gone."""
        assert self._process.stdin  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._death() from error

    def hear(self) -> dict[str, Any]:
        """The next message; raises ``IngestionError`` where the spider has died."""
        assert self._process.stdout  # noqa: S101
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._death()
        message: dict[str, Any] = json.loads(line)
        return message

    def take(self, name: str | None) -> bytes | None:
        """The file ``name`` that came beside a message; it is deleted."""
        if name is None:
            return None
        path = Path(self._job.folder) / name
        data = path.read_bytes()
        path.unlink()
        return data

    def _death(self) -> IngestionError:
        code = self._process.wait()
        self._log.join()
        said = " ".join(self._last)[-600:] or "it said nothing"
        return IngestionError(
            f"The spider for {self._name} stopped with exit code {code}: {said}. Its log is above."
        )

    def _pass_on_log(self) -> None:
        assert self._process.stderr  # noqa: S101
        for line in self._process.stderr:
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                self._last.append(text[:300])
                log.info("spider: %s", text)


class Crawl:
    """A crawl of ``site``: a context manager, and an iterator of its visits as they come.

    It gives None where nothing came for a second.

    Records carry midnight UTC of ``ds``. What ``memory_path`` (see ``Memory``) knows is not
    fetched again; it must be complete when the crawl begins. ``folder`` holds bodies and pictures
    on their way from the spider, which waits while nobody takes them. ``report`` is there when the
    visits have ended.

    Iterating raises ``ShopAwayError`` where no start page can be had, or no page is a listing.
    """

    def __init__(
        self,
        site: Site,
        ds: date,
        memory_path: Path,
        folder: Path,
        limits: Limits | None = None,
        explain: bool = False,
    ) -> None:
        limits = limits or Limits()
        self._site, self._ds, self._memory_path = site, ds.isoformat(), memory_path
        self._name = site.entrances[0]
        self._spider = _Spider(
            Job(
                ds=ds.isoformat(),
                memory=str(memory_path),
                folder=str(folder),
                site=site.model_dump(mode="json"),
                max_pages=limits.max_pages or site.max_pages,
                max_bytes=limits.max_bytes or site.max_bytes,
                local_hosts=_hosts_and_ports(site.entrances) if site.allow_local else (),
                timeout=TIMEOUT_SECONDS,
                explain=explain,
            ),
            self._name,
        )
        self.report: CrawlReport | None = None

    def __enter__(self) -> Self:
        self._spider.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spider.__exit__(kind, error, trace)

    def begin(self) -> None:
        """Let the spider crawl; what it sends waits until somebody iterates."""
        self._spider.begin()
        self._memory = Memory(self._memory_path, finished=True)

    def __iter__(self) -> Iterator[Visit | None]:
        while "report" not in (message := self._spider.hear()):
            yield None if "quiet" in message else self._visit(message)
        self.report = CrawlReport(**message["report"])
        if message["fault"]:
            raise ShopAwayError(
                f"The shop {self._name} cannot be crawled: {message['fault']} Check that it is up "
                f"and its entry in config/marketplaces.yaml right; nothing was changed."
            )
        if not message["seen"] and not self.report.stopped:
            raise ShopAwayError(
                f"The shop {self._name} shows no listing: no page that its start page or sitemap "
                f"leads to holds product metadata; nothing was changed."
            )

    def _visit(self, message: dict[str, Any]) -> Visit:
        visit = self._complete(message["visit"])
        picture, record = visit["picture"], visit["record"]
        data = self._spider.take(message["data"])
        return Visit(
            **visit
            | {
                "body": self._spider.take(message["body"]),
                "links": tuple(visit["links"]),
                "record": record and record | {"scraped_at": f"{self._ds}T00:00:00Z"},
                "refused": _refused(visit["refused"]),
                "picture": _picture(picture, data) if picture else None,
            }
        )

    def _complete(self, visit: dict[str, Any]) -> dict[str, Any]:
        """The visit; of a page that has not changed the spider leaves out what is in memory."""
        if "record" in visit:
            return visit
        known = self._memory.page(visit["url"])
        assert known  # noqa: S101  (the spider has it from the same memory)
        unchanged = {"source": known.source, "fetched": False, "media_type": None}
        return visit | unchanged | {"links": known.links, "record": known.record}


class PictureFetcher:
    """Fetches the pictures of a feed: a context manager around a spider that waits for URLs.

    It starts with the first of them: most feeds come with their pictures.
    """

    def __init__(
        self, ds: date, memory_path: Path, folder: Path, allow_local: bool = False
    ) -> None:
        self._spider = _Spider(
            Job(
                ds=ds.isoformat(),
                memory=str(memory_path),
                folder=str(folder),
                site=None,
                max_pages=0,
                max_bytes=0,
                local_hosts=(ANY_HOST,) if allow_local else (),
                timeout=TIMEOUT_SECONDS,
                explain=False,
            ),
            "the pictures of a feed",
        )
        self._started = ExitStack()
        self._running = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._started.close()

    def fetch(self, urls: Sequence[str]) -> list[FetchedPicture]:
        """What became of the picture at each of ``urls``, all of them in memory at once."""
        if not self._running:
            self._started.enter_context(self._spider).begin()
            self._running = True
        self._spider.tell(list(urls))
        pictures: dict[int, FetchedPicture] = {}
        while len(pictures) < len(urls):
            message = self._spider.hear()
            data = self._spider.take(message["data"])
            pictures[message["number"]] = _picture(message["picture"], data)
        return [pictures[number] for number in range(len(urls))]


def _picture(picture: dict[str, Any], data: bytes | None) -> FetchedPicture:
    return FetchedPicture(**picture | {"data": data, "refused": _refused(picture["refused"])})


def _refused(written: list[str] | None) -> Refused | None:
    return Refused(Reason(written[0]), written[1]) if written else None


def _hosts_and_ports(urls: Sequence[str]) -> tuple[str, ...]:
    parts = [urlsplit(url) for url in urls]
    return tuple(
        f"{one.hostname}:{one.port or (443 if one.scheme == 'https' else 80)}" for one in parts
    )
