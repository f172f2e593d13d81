"""The review page's list with a million flags, over HTTP from a running Airflow.

Starts a whole stack of its own. Measured are requests of the page's script by a logged-in user: the
list with a mix of filters, from its first page to one in the middle, one flag whole, and the count.
First with 1.08 million flags of 90 days (flag_rows.sql), then with a million more of one day
(review_flags.sql), which the page then shows all of. ``review_p95_ms`` is the 95th percentile of
the list's requests, of the slower of the two; each request counts once.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import requests
from flag_queries import FILLED, INDEXES
from rich.console import Console
from rich.table import Table

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.stack.airflow import login

ROUNDS = 12
DEPTH = 6
"""Pages that are asked for one behind the other."""
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
CASES = (("90 days, 12,000 each", "flag_rows.sql"), ("one day of a million", "review_flags.sql"))
FILTERS: dict[str, dict[str, str]] = {
    "all": {},
    "nobody's yet (as the page opens)": {"decision": "open"},
    "a brand": {"brand": "gucci", "decision": "open"},
    "a rare brand": {"brand": "burberry", "decision": "open"},
    "a verdict": {"verdict": "review", "decision": "open"},
    "a rule": {"rule_id": "origin", "decision": "open"},
    "a rare rule": {"rule_id": "rare"},
    "no such brand": {"brand": "none"},
    "a marketplace": {"marketplace": "market 7", "decision": "open"},
    "an earlier day": {"ds": "2026-02-14"},
    "brand, rule and verdict": {"brand": "versace", "rule_id": "weak_logo", "verdict": "review"},
    "confirmed": {"decision": "confirmed"},
    "dismissed, of a brand": {"decision": "dismissed", "brand": "chanel"},
}

Milliseconds = dict[str, list[float]]
console = Console()


class Page:
    """The page's endpoints, as its script asks them."""

    def __init__(self, own: StackSettings) -> None:
        self._base = f"{own.airflow_url}/review/api"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {login(own)}"

    def ask(self, path: str, query: dict[str, str]) -> tuple[dict[str, Any], float]:
        """The answer and the milliseconds until it was there whole."""
        started = time.perf_counter()
        answer = self._session.get(f"{self._base}/{path}", params=query, timeout=60)
        taken = 1000 * (time.perf_counter() - started)
        answer.raise_for_status()
        return answer.json(), taken


def fill(settings: Settings, name: str) -> int:
    """Add the flags of one of the .sql files; how many there are then."""
    uri = settings.warehouse_uri.get_secret_value()
    with psycopg.connect(uri, autocommit=True) as connection:
        # An index is made in a tenth of the time in which it grows with a million rows.
        indexes = connection.execute(INDEXES).fetchall()
        connection.execute(";".join(f"DROP INDEX warehouse.{name}" for name, _ in indexes).encode())
        flags, _, rest = Path(__file__).with_name(name).read_bytes().partition(FILLED)
        connection.execute(flags)
        connection.execute(";".join(made for _, made in indexes).encode())
        connection.execute(rest)
        # As the database does by itself in the minutes after a load.
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT count(*) FROM warehouse.flagged_listings").fetchone()
    assert row is not None
    return int(row[0])


def lists(page: Page, filters: dict[str, str]) -> list[float]:
    """Milliseconds of each page from the first on."""
    seen, after = [], None
    for _ in range(DEPTH):
        found, taken = page.ask("flags", filters | ({"after": after} if after else {}))
        seen.append(taken)
        if not (after := found["next"]):
            break
    return seen


def measure_case(page: Page) -> tuple[Milliseconds, Milliseconds]:
    """Milliseconds of the list by filter, and of what else the page asks for."""
    listed: Milliseconds = defaultdict(list)
    others: Milliseconds = defaultdict(list)
    page.ask("choices", {})
    for _ in range(ROUNDS):
        for name, filters in FILTERS.items():
            listed[name] += lists(page, filters)
            others["count"].append(page.ask("count", filters)[1])
        middle = {"after": '[0.5, "market 20", ""]', "decision": "open"}
        found, taken = page.ask("flags", middle)
        listed["from the middle on"].append(taken)
        for flag in found["flags"][:10]:
            key = {name: flag[name] for name in ("ds", "marketplace", "listing_id")}
            others["one flag whole"].append(page.ask("flag", key)[1])
        others["choices"].append(page.ask("choices", {})[1])
    return listed, others


def show(case: str, flags: int, listed: Milliseconds, others: Milliseconds) -> float:
    """Print a table; returns the 95th percentile of the list."""
    table = Table(
        f"{case}: {flags:,} flags", "requests", "median ms", "p95 ms", "slowest ms", title=None
    )
    every = [taken for ones in listed.values() for taken in ones]
    for name, ones in {**listed, "the list": every, **others}.items():
        figures = (statistics.median(ones), float(np.percentile(ones, 95)), max(ones))
        table.add_row(name, str(len(ones)), *(f"{one:.0f}" for one in figures))
    console.print(table)
    return float(np.percentile(every, 95))


def measure(state: Path) -> float:
    """Fill the empty warehouse of a running stack and measure; prints tables.

    Returns ``review_p95_ms``.
    """
    file = state / "platform.env"
    settings, own = Settings(_env_file=file), StackSettings(_env_file=file)
    worst = 0.0
    for case, name in CASES:
        flags = fill(settings, name)
        worst = max(worst, show(case, flags, *measure_case(Page(own))))
    console.print(f"review_p95_ms {worst:.0f} (target: under 300)")
    return worst


def main() -> None:
    """Measure on a stack of its own, that is gone in the end."""
    with tempfile.TemporaryDirectory(prefix="review-load-") as folder:
        Path(folder).chmod(0o711)
        state = Path(folder, "state")
        env = os.environ | {"COUNTERFEIT_STATE_DIR": str(state)}
        subprocess.run([COUNTERFEIT, "up"], env=env, check=True)
        try:
            measure(state)
        finally:
            subprocess.run([COUNTERFEIT, "down", "--purge"], env=env, check=True)


if __name__ == "__main__":
    main()
