"""What the first release left behind, brought up to date by this one."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.warehouse import Warehouse, statement
from tests.stack.test_lifecycle import UP_STORAGE
from tests.stacks import CommandLine, run_sql, succeed, superuser
from tests.warehouse.test_migrations import FIRST, OLD_FLAGS

# What later releases have added to platform.env.
NEWER = ("BROKER", "WORKERS", "MLFLOW_PASSWORD", "MLFLOW_SESSION", "MLFLOW_USERNAME")
APPLIED = "INSERT INTO warehouse.migrations VALUES ('0001_flagged_listings.sql')"
FLAGS = "SELECT ds, listing_id, verdict, price, run_id FROM warehouse.flagged_listings ORDER BY ds"


def up_storage(line: CommandLine) -> None:
    command = [sys.executable, "-c", UP_STORAGE]
    done = subprocess.run(command, env=line.env, capture_output=True, text=True, check=False)
    succeed(done)


def settings_of(line: CommandLine) -> Settings:
    return Settings(_env_file=line.state / "platform.env")


@pytest.fixture(scope="module")
def old(own_folder, command_line) -> CommandLine:
    """A stack with rows in the warehouse as the first migration left it."""
    line = command_line(own_folder / "old")
    up_storage(line)
    own = StackSettings(_env_file=line.state / "platform.env")
    with psycopg.connect(superuser(own, "warehouse"), autocommit=True) as connection:
        connection.execute("DROP SCHEMA warehouse CASCADE")
        connection.execute("CREATE SCHEMA warehouse AUTHORIZATION platform")
    first = statement(f"migrations/{FIRST}")
    for text in (statement("migrations_applied.sql"), first, OLD_FLAGS, APPLIED):
        run_sql(settings_of(line), text)
    yield line
    line.purge()


@pytest.fixture(scope="module")
def saved(old, own_folder) -> Path:
    """A backup taken before the upgrade."""
    folder = own_folder / "before-upgrade"
    succeed(old.counterfeit("backup", str(folder)))
    return folder


@pytest.fixture(scope="module")
def rows(old, saved) -> list[dict]:
    """The flags before the upgrade."""
    return Warehouse(settings_of(old)).query(FLAGS)


def test_up_brings_it_to_this_release_and_keeps_every_row(old, rows):
    succeed(old.counterfeit("down"))
    env_file = old.state / "platform.env"
    lines = env_file.read_text().splitlines(True)
    env_file.write_text("".join(line for line in lines if not any(one in line for one in NEWER)))
    up_storage(old)
    warehouse = Warehouse(settings_of(old))
    assert len(rows) == 2
    assert warehouse.query(FLAGS) == rows
    assert warehouse.migrate() == []
    assert [one["ds"] for one in warehouse.query("SELECT ds FROM warehouse.current_flags")]


def test_a_backup_of_the_first_release_is_restored_and_upgraded(
    saved, rows, own_folder, command_line
):
    line = command_line(own_folder / "old-restored")
    succeed(line.counterfeit("restore", str(saved)))
    warehouse = Warehouse(settings_of(line))
    assert warehouse.query("SELECT name FROM warehouse.migrations") == [{"name": FIRST}]
    assert warehouse.query(FLAGS) == rows
    up_storage(line)
    assert warehouse.query(FLAGS) == rows
    assert warehouse.migrate() == []
    line.purge()
