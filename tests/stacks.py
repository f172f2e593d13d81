"""Stacks of the tests' own, and the command line on them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from counterfeit_ml.settings import ROOT, Settings
from counterfeit_ml.stack import StackSettings

PREFIX = "COUNTERFEIT_"
COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
UP_LIGHT = """
from rich.console import Console
from counterfeit_ml.stack import LIGHT, up

up(Console(), LIGHT)
"""


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """Runs commands on the stack of one state folder, and on no other."""

    state: Path
    config: Path = ROOT / "config"

    @property
    def env(self) -> dict[str, str]:
        """This process's environment, with nothing in it that points to another stack."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        folders = {"STATE_DIR": self.state, "CONFIG_DIR": self.config}
        return {**inherited, **{f"{PREFIX}{name}": str(path) for name, path in folders.items()}}

    def counterfeit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return self._run(COUNTERFEIT, *arguments, **environment)

    def up(self) -> None:
        """Start everything."""
        succeed(self.counterfeit("up"))

    def up_light(self) -> subprocess.CompletedProcess[str]:
        """Start S3, PostgreSQL and MLflow only."""
        return self._run(sys.executable, "-c", UP_LIGHT)

    def purge(self) -> None:
        """Stop whatever runs and delete its data."""
        succeed(self.counterfeit("down", "--purge"))

    def _run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**self.env, **environment}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@dataclass(frozen=True, kw_only=True)
class RunningStack(CommandLine):
    """A stack that runs: how to reach it, and the environment for a process that shall use it."""

    settings: Settings
    stack: StackSettings


def succeed(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


def superuser(own: StackSettings, database: str) -> str:
    return own.database_uri("postgres", own.postgres_password, database)


def run_sql(settings: Settings, statement: str) -> None:
    """As the platform's own role."""
    with psycopg.connect(settings.warehouse_uri.get_secret_value()) as connection:
        connection.execute(statement.encode())


def reader(running: RunningStack) -> str:
    """URI of the analyst's role on the warehouse of these settings."""
    database = urlsplit(running.settings.warehouse_uri.get_secret_value()).path.removeprefix("/")
    return running.stack.database_uri("bi_reader", running.stack.bi_reader_password, database)
