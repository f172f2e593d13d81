"""The ten queries of docs/queries.md on 90 days of 600,000 listings, 2 % of them flagged.

Starts a PostgreSQL of its own and fills the warehouse with 1.08 million flags (flag_rows.sql). Then
a second process replaces the last day over and over, a quarter of its flags different each time,
while each query is run as ``bi_reader``, all rows fetched, for ``ROUNDS`` rounds. Prints how long
each took, with and without the load. ``query_max_s`` is the slowest single run under load.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from counterfeit_ml.settings import ROOT, Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.warehouse import DAYS, FLAGS, FLOORS, SAMPLE, FlaggedDay, Warehouse

ROUNDS = 20
INDEXES = b"""
    SELECT indexname, indexdef FROM pg_indexes
    WHERE tablename = 'flagged_listings' AND indexname <> 'flagged_listings_pkey'
"""
FILLED = b"-- All that follows from the flags.\n"
LAST = date(2026, 3, 31)
QUESTION = re.compile(r"^## (\d+\. .*?)\n.*?```sql\n(.*?)```", re.DOTALL | re.MULTILINE)
UP_DATABASE = (
    "from rich.console import Console; from counterfeit_ml.stack import LIGHT, up; "
    "up(Console(), LIGHT[:2])"
)
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))

Seconds = dict[str, list[float]]
console = Console(width=120)


def fill(settings: Settings) -> int:
    """Put 90 days of flags into the empty warehouse; how many."""
    sql = Path(__file__).with_name("flag_rows.sql").read_bytes()
    with psycopg.connect(settings.warehouse_uri.get_secret_value(), autocommit=True) as connection:
        # An index is made in a tenth of the time in which it grows with a million rows.
        indexes = connection.execute(INDEXES).fetchall()
        connection.execute(";".join(f"DROP INDEX warehouse.{name}" for name, _ in indexes).encode())
        connection.execute(sql.partition(FILLED)[0])
        connection.execute(";".join(made for _, made in indexes).encode())
        connection.execute(sql.partition(FILLED)[2])
        # As the database does by itself in the minutes after a load.
        connection.execute("VACUUM ANALYZE")
    (found,) = Warehouse(settings).query("SELECT count(*) AS rows FROM warehouse.flagged_listings")
    return int(found["rows"])


def last_day(warehouse: Warehouse) -> FlaggedDay:
    """What the warehouse has of the last day, as flagging would hand it over."""

    def read(relation: str, schema: pa.Schema) -> pa.Table:
        columns = ", ".join(f"{one}::text" if one in JSON else one for one in schema.names)
        table = warehouse.read(f"SELECT {columns} FROM warehouse.{relation} WHERE ds = $1", LAST)  # noqa: S608
        return table.cast(schema)

    flags = read("flagged_listings", FLAGS)
    sellers = flags.select(["marketplace", "seller_id"]).group_by(["marketplace", "seller_id"])
    floors, sample = read("price_floors", FLOORS), read("review_samples", SAMPLE)
    days = read("flagged_days", DAYS)
    return FlaggedDay(flags, floors, sample, days, sellers.aggregate([]), "bench")


JSON = ("reasons", "runners_up")


def replace_for_ever(settings: Settings) -> None:
    """Replace the last day until killed; prints the seconds of each time."""
    warehouse = Warehouse(settings)
    day, place = last_day(warehouse), FLAGS.get_field_index("risk")
    quarter = pa.array([number % 4 == 0 for number in range(day.flags.num_rows)])
    while True:
        risk = pc.if_else(quarter, pc.subtract(1, day.flags["risk"]), day.flags["risk"])
        day = day._replace(flags=day.flags.set_column(place, "risk", risk))
        started = time.perf_counter()
        changes = warehouse.replace_day(LAST, day)
        print(f"{time.perf_counter() - started:.3f} {changes.written}", flush=True)


@contextmanager
def loading(state: Path) -> Iterator[list[float]]:
    """Another process that replaces a day over and over; the seconds of each time, in the end."""
    seconds: list[float] = []
    command = [sys.executable, __file__, "replace"]
    env = os.environ | {"COUNTERFEIT_STATE_DIR": str(state)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seconds.append(float(process.stdout.readline().split()[0]))
        yield seconds
        process.terminate()
        seconds += [float(line.split()[0]) for line in process.stdout if line.endswith("\n")]


def questions() -> list[tuple[str, str]]:
    """The titles and queries of docs/queries.md."""
    return QUESTION.findall((ROOT / "docs" / "queries.md").read_text("utf-8"))


def ask(own: StackSettings) -> Seconds:
    """Seconds of every run of every question."""
    found: Seconds = {question: [] for question, _ in questions()}
    with psycopg.connect(own.bi_reader_uri, autocommit=True) as connection:
        for _ in range(ROUNDS):
            for question, query in questions():
                started = time.perf_counter()
                assert connection.execute(query.encode()).fetchall()
                found[question].append(time.perf_counter() - started)
    return found


def measure(state: Path) -> float:
    """Fill the empty warehouse of a running stack and time the questions; prints a table.

    Returns ``query_max_s``.
    """
    file = state / "platform.env"
    settings, own = Settings(_env_file=file), StackSettings(_env_file=file)
    console.print(f"{fill(settings):,} flags")
    alone = ask(own)
    with loading(state) as replaced:
        loaded = ask(own)
    table = Table("question", "median s", "under load: median s", "slowest s")
    for question, seconds in loaded.items():
        columns = (statistics.median(alone[question]), statistics.median(seconds), max(seconds))
        table.add_row(question, *(f"{one:.3f}" for one in columns))
    console.print(table)
    console.print(
        f"meanwhile the last day was replaced {len(replaced)} times, "
        f"{statistics.median(replaced):.2f} s each"
    )
    slowest = max(map(max, loaded.values()))
    console.print(f"query_max_s {slowest:.3f} (target: under 1)")
    return slowest


def main() -> None:
    """Measure on a database of its own, that is gone in the end."""
    with tempfile.TemporaryDirectory(prefix="flag-queries-") as folder:
        Path(folder).chmod(0o711)
        state = Path(folder, "state")
        env = os.environ | {"COUNTERFEIT_STATE_DIR": str(state)}
        subprocess.run([sys.executable, "-c", UP_DATABASE], env=env, check=True)
        try:
            measure(state)
        finally:
            subprocess.run([COUNTERFEIT, "down", "--purge"], env=env, check=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["replace"]:
        replace_for_ever(Settings.load())
    else:
        main()
