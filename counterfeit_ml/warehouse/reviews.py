"""What the review page reads of the flags and writes of people's decisions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, NamedTuple

import psycopg
from psycopg.rows import DictRow

from counterfeit_ml.errors import DecidedMeanwhileError, NotFlaggedError
from counterfeit_ml.warehouse.database import Database, statement

Decision = Literal["confirmed", "dismissed", "unsure"]
OPEN = "open"
"""In place of a decision: nobody has decided yet."""
PAGE = 50
COUNTED = 1_000
COUNTING_MS = 250
"""A count that takes longer is given up: it is only to say how much work there is."""
# Any constant will do: it names the lock that lets one reviewer at a time decide.
REVIEWS_LOCK = 5_318_009

KEY = ("ds", "marketplace", "listing_id")

Row = dict[str, Any]


@dataclass(frozen=True)
class Filters:
    """Which flags; what is None is not filtered by. Without a day: each marketplace's latest."""

    ds: date | None = None
    marketplace: str | None = None
    brand: str | None = None
    verdict: str | None = None
    rule_id: str | None = None
    decision: Decision | Literal["open"] | None = None


class Place(NamedTuple):
    """A flag's place in the order of the list."""

    risk: float
    marketplace: str
    listing_id: str


@dataclass(frozen=True)
class Subject:
    """What is decided about, and ``seen``, the last review of it that the reviewer knows of."""

    ds: date
    marketplace: str
    listing_id: str
    seen: int | None = None


class Reviews(Database):
    """Flags as the review page shows them, the decisions about them, and the labels that follow."""

    def page(self, filters: Filters, after: Place | None = None, size: int = PAGE) -> list[Row]:
        """``size`` flags, riskiest first, that come ``after`` a place; with the last review."""
        with self.transaction("reading for review", read_only=True) as connection:
            keys = _keys(connection, filters, after, size)
            columns = {name: [key[name] for key in keys] for name in KEY}
            return _rows(connection, "page.sql", {**columns, "limit": size})

    def count(self, filters: Filters) -> int | None:
        """How many flags these are: ``COUNTED`` stands for more; None where counting takes long."""
        with self.transaction("reading for review", read_only=True) as connection:
            connection.execute(f"SET LOCAL statement_timeout = {COUNTING_MS}".encode())
            try:
                return min(COUNTED, len(_keys(connection, filters, None, COUNTED)))
            except psycopg.errors.QueryCanceled:
                return None

    def flag(self, ds: date, marketplace: str, listing_id: str) -> Row:
        """One flag whole, every decision about it, and what else has its seller or its picture.

        Raises ``NotFlaggedError``.
        """
        key = {"ds": ds, "marketplace": marketplace, "listing_id": listing_id}
        with self.transaction("reading for review", read_only=True) as connection:
            found = _rows(connection, "flag.sql", key)
            if not found:
                raise NotFlaggedError(_not_flagged(ds, marketplace, listing_id))
            flag = {**found[0], **key}
            reviews, of_seller, of_picture = (
                _rows(connection, name, flag)
                for name in ("history.sql", "of_seller.sql", "of_picture.sql")
            )
        return {**flag, "reviews": reviews, "of_seller": of_seller, "of_picture": of_picture}

    def sample(self, ds: date | None = None) -> list[Row]:
        """The random sample of a day, of the latest where none is given; with the last answers."""
        return self._read("sample.sql", {"ds": ds})

    def choices(self) -> dict[str, list[Any]]:
        """``rules``, ``marketplaces``, ``days`` and ``sample_days`` there are."""
        (row,) = self._read("choices.sql", {})
        return row

    def shows(self, digest: str) -> bool:
        """Whether a picture is one of a flag or of a sample, and so may be looked at."""
        return bool(self._read("is_shown.sql", {"digest": digest})[0]["shown"])

    def decide(
        self,
        subjects: Sequence[Subject],
        decision: Decision,
        reviewer: str,
        note: str | None = None,
        label: str | None = None,
    ) -> list[Row]:
        """Record a decision about each of these flags, or about none; the reviews as recorded.

        ``label`` is what their pictures show. Raises ``DecidedMeanwhileError`` where a last review
        is not the one seen, ``NotFlaggedError`` where a day's flags were replaced.
        """
        said = {"decision": decision, "reviewer": reviewer, "note": note, "label": label}
        return self._record("record_decisions.sql", subjects, sampled=False, **said)

    def answer(
        self, subject: Subject, label: str | None, reviewer: str, note: str | None = None
    ) -> Row:
        """Record what a picture of the sample shows; None where that cannot be told.

        Raises as ``decide`` does.
        """
        said = {"label": label, "reviewer": reviewer, "note": note}
        (row,) = self._record("record_answers.sql", [subject], sampled=True, **said)
        return row

    def labels(self) -> list[Row]:
        """Picture, label, reviewer and listing of each last decision that says what is shown."""
        return self._read("labels.sql", {})

    def _record(
        self, name: str, subjects: Sequence[Subject], *, sampled: bool, **said: Any
    ) -> list[Row]:
        distinct = {(one.ds, one.marketplace, one.listing_id): one for one in subjects}
        columns = _columns(list(distinct.values()))
        with self.transaction("recording a review") as connection:
            # One reviewer after the other, so that nobody decides on what they have not seen.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [REVIEWS_LOCK])
            asked = {**columns, "sampled": sampled}
            others = _rows(connection, "decided_meanwhile.sql", asked)
            if others:
                raise DecidedMeanwhileError(others)
            rows = _rows(connection, name, {**columns, **said})
            recorded = {(row["marketplace"], row["listing_id"]) for row in rows}
            for ds, marketplace, listing_id in distinct:
                if (marketplace, listing_id) not in recorded:
                    raise NotFlaggedError(_not_flagged(ds, marketplace, listing_id))
        return rows

    def _read(self, name: str, parameters: Row) -> list[Row]:
        self.note_read(_sql(name).decode())
        with self.transaction("reading for review", read_only=True) as connection:
            return _rows(connection, name, parameters)


def _rows(connection: psycopg.Connection[DictRow], name: str, parameters: Row) -> list[Row]:
    return connection.execute(_sql(name), parameters).fetchall()


def _keys(
    connection: psycopg.Connection[DictRow], filters: Filters, after: Place | None, limit: int
) -> list[Row]:
    """The keys of the first ``limit`` flags of each day that is shown."""
    asked = {
        **asdict(filters),
        "risk": after.risk if after else None,
        "after_marketplace": after.marketplace if after else None,
        "after_listing": after.listing_id if after else None,
        "limit": limit,
    }
    name = "by_risk.sql" if filters.decision in (None, OPEN) else "by_decision.sql"
    days = _rows(connection, "latest.sql", asked)
    return [key for day in days for key in _rows(connection, name, {**asked, **day})]


def _columns(subjects: Sequence[Subject]) -> Row:
    return {name: [getattr(one, name) for one in subjects] for name in (*KEY, "seen")}


def _not_flagged(ds: date, marketplace: str, listing_id: str) -> str:
    return (
        f"{marketplace} {listing_id} is not flagged, or not in the sample, on {ds} any more: the "
        "day was flagged anew. Load the page again."
    )


def _sql(name: str) -> bytes:
    return statement(f"reviews/{name}").encode()
