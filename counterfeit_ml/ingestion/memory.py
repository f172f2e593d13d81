"""What earlier runs fetched: a file that a run fills once, and that it and its spider ask.

A file, because neither process shall grow with the number of pages of a shop.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, Self

_TABLES = """
CREATE TABLE page (
    url TEXT PRIMARY KEY, source TEXT, etag TEXT, last_modified TEXT, asked TEXT NOT NULL,
    links TEXT NOT NULL, record TEXT, evidence_sha256 TEXT, evidence_ds TEXT, done INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE picture (
    url TEXT PRIMARY KEY, etag TEXT, last_modified TEXT, asked TEXT NOT NULL,
    sha256 TEXT NOT NULL, media_type TEXT NOT NULL, phash TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX picture_by_content ON picture (sha256);
CREATE TABLE evidence (
    listing_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, ds TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class KnownPage:
    """A page that was fetched before, under the address ``url`` that linked to it."""

    url: str
    source: str
    """The page's own address: its canonical one."""
    etag: str | None
    last_modified: str | None
    asked: date
    """The last day on which the server sent it, or said that it had not changed."""
    links: tuple[str, ...]
    record: dict[str, Any] | None
    """The raw record it held, None where it is no listing."""
    evidence_sha256: str | None
    evidence_ds: date | None
    done: bool
    """Whether this very run has dealt with it, before it was interrupted."""


@dataclass(frozen=True)
class Standing:
    """Of a known page, what decides whether and when it is visited again."""

    asked: date
    done: bool
    is_listing: bool
    """Whether it held a record."""


@dataclass(frozen=True)
class KnownPicture:
    """A sound picture that was fetched before and is in the lake."""

    url: str
    etag: str | None
    last_modified: str | None
    asked: date
    sha256: str
    media_type: str
    phash: str


@dataclass(frozen=True)
class KnownEvidence:
    """Where the lake keeps the raw record of a listing: its sha256 and its partition's day."""

    sha256: str
    ds: date


class Memory:
    """Pages and pictures by address, evidence by listing. Safe to ask from several threads.

    Whoever opens it ``finished`` reads it without locks, and must be sure that it is.
    """

    def __init__(self, path: Path, *, finished: bool = False) -> None:
        mode = "mode=ro&immutable=1" if finished else "mode=rw"
        self.path = path
        self._file = sqlite3.connect(f"file:{path}?{mode}", uri=True, check_same_thread=False)
        if not finished:  # it lasts as long as the run, and has one writer
            for pragma in ("synchronous = OFF", "journal_mode = OFF", "locking_mode = EXCLUSIVE"):
                self._file.execute(f"PRAGMA {pragma}")
        self._turn = Lock()

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new one that remembers nothing."""
        with closing(sqlite3.connect(path)) as file:
            file.executescript(_TABLES)
        return cls(path)

    def remember_pages(self, pages: Iterable[KnownPage]) -> None:
        """Add pages, or replace what is known of them."""
        self._fill("page", (_written(page) for page in pages), KnownPage)

    def remember_pictures(self, pictures: Iterable[KnownPicture]) -> None:
        """Add pictures, or replace what is known of them."""
        self._fill("picture", (_written(picture) for picture in pictures), KnownPicture)

    def page(self, url: str) -> KnownPage | None:
        """The page last fetched from ``url``."""
        row = self._row("page", "url", url)
        if row is None:
            return None
        known = dict(row)
        return KnownPage(
            **known
            | {
                "asked": date.fromisoformat(known["asked"]),
                "links": tuple(json.loads(known["links"])),
                "record": json.loads(known["record"]) if known["record"] else None,
                "evidence_ds": _day(known["evidence_ds"]),
                "done": bool(known["done"]),
            }
        )

    def standing(self, url: str) -> Standing | None:
        """As ``page``, but cheaper."""
        row = self._row("page", "url", url, "asked, done, record IS NOT NULL AS is_listing")
        if row is None:
            return None
        return Standing(
            date.fromisoformat(row["asked"]), bool(row["done"]), bool(row["is_listing"])
        )

    def page_evidence(self, url: str) -> KnownEvidence | None:
        """Where the lake has what the page was when it was last fetched."""
        row = self._row("page", "url", url, "evidence_sha256, evidence_ds")
        if row is None or not row["evidence_sha256"]:
            return None
        return KnownEvidence(row["evidence_sha256"], date.fromisoformat(row["evidence_ds"]))

    def picture(self, url: str) -> KnownPicture | None:
        """The sound picture last fetched from ``url``."""
        return _picture(self._row("picture", "url", url))

    def picture_like(self, sha256: str) -> KnownPicture | None:
        """A sound picture of these very bytes, whatever its address."""
        return _picture(self._row("picture", "sha256", sha256))

    def remember_evidence(self, rows: Iterable[tuple[str, str, date]]) -> None:
        """Add listing_id, sha256 and day of evidence in the lake."""
        with self._turn, self._file:
            self._file.executemany(
                "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)",
                ((listing_id, sha256, ds.isoformat()) for listing_id, sha256, ds in rows),
            )

    def evidence(self, listing_id: str) -> KnownEvidence | None:
        """The evidence that the lake has of a listing."""
        row = self._row("evidence", "listing_id", listing_id)
        return KnownEvidence(row["sha256"], date.fromisoformat(row["ds"])) if row else None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _row(self, table: str, key: str, value: str, columns: str = "*") -> sqlite3.Row | None:
        with self._turn:
            cursor = self._file.cursor()
            cursor.row_factory = sqlite3.Row
            found: sqlite3.Row | None = cursor.execute(
                f"SELECT {columns} FROM {table} WHERE {key} = ?",  # noqa: S608
                (value,),
            ).fetchone()
        return found

    def _fill(self, table: str, rows: Iterable[tuple[Any, ...]], kind: type) -> None:
        names = [one.name for one in fields(kind)]
        with self._turn, self._file:
            self._file.executemany(
                f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) "  # noqa: S608
                f"VALUES ({', '.join('?' * len(names))})",
                rows,
            )


def _picture(row: sqlite3.Row | None) -> KnownPicture | None:
    if row is None:
        return None
    known = dict(row)
    return KnownPicture(**known | {"asked": date.fromisoformat(known["asked"])})


def _written(known: KnownPage | KnownPicture) -> tuple[Any, ...]:
    return tuple(_plain(getattr(known, one.name)) for one in fields(known))


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, tuple | dict) else value


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
