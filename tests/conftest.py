"""One real stack for the whole session: its light part, and Airflow where a test asks for it."""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from counterfeit_ml.errors import NoChampionError
from counterfeit_ml.registry import CHAMPION, MODEL, Registry
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings

PREFIX = "COUNTERFEIT_"
# Airflow makes its home where this says as soon as it is imported: never in the person's own.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
UP_LIGHT = """
from rich.console import Console
from counterfeit_ml.stack import LIGHT, up

up(Console(), LIGHT)
"""


@dataclass(frozen=True)
class CommandLine:
    """Runs commands on the stack of one state folder, and on no other."""

    state: Path

    @property
    def env(self) -> dict[str, str]:
        """This process's environment, with nothing in it that points to another stack."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        return {**inherited, f"{PREFIX}STATE_DIR": str(self.state)}

    def counterfeit(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return self._run(COUNTERFEIT, *arguments, **environment)

    def up_light(self) -> subprocess.CompletedProcess[str]:
        """Start S3, PostgreSQL and MLflow only."""
        return self._run(sys.executable, "-c", UP_LIGHT)

    def _run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**self.env, **environment}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class RunningStack(CommandLine):
    """A stack that runs: how to reach it, and the environment for a process that shall use it."""

    settings: Settings
    stack: StackSettings


def succeed(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def command_line() -> type[CommandLine]:
    """For a test that needs a stack of its own."""
    return CommandLine


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """The session's state folder; whatever runs in it at the end is stopped and deleted."""
    folder = Path(tempfile.mkdtemp(prefix="counterfeit-test-"))
    yield folder
    succeed(CommandLine(folder).counterfeit("down", "--purge"))


@pytest.fixture(scope="session")
def services(state: Path) -> RunningStack:
    """S3, PostgreSQL and MLflow; seconds."""
    succeed(CommandLine(state).up_light())
    env_file = state / "platform.env"
    return RunningStack(
        state=state,
        settings=Settings(_env_file=env_file, cache_dir=state / "cache"),
        stack=StackSettings(_env_file=env_file),
    )


@pytest.fixture(scope="session")
def stack(services: RunningStack) -> RunningStack:
    """The whole stack, Airflow included, grown from ``services``; half a minute."""
    succeed(services.counterfeit("up"))
    return services


@pytest.fixture
def without_champion(services: RunningStack) -> Iterator[None]:
    """No version of the model is champion, until the test ends."""
    registry = Registry(services.settings)
    try:
        champion = registry.champion()
    except NoChampionError:
        yield
        return
    registry.client().delete_registered_model_alias(MODEL, CHAMPION)
    yield
    registry.promote(champion)


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def listing_row() -> Callable[..., dict[str, Any]]:
    """Makes a sound row of LISTINGS, with the changes given."""

    def row(listing_id: str, **changes: Any) -> dict[str, Any]:
        return {
            "listing_id": listing_id,
            "url": f"http://shop/{listing_id}",
            "title": "bag",
            "price_text": "10",
            "price": 10.0,
            "currency": "USD",
            "price_usd": 10.0,
            "rate_date": date(1999, 1, 4),
            "seller_id": "s",
            "image_url": "http://shop/1.jpg",
            "image_sha256": "a" * 64,
            "scraped_at": datetime(1999, 1, 1, tzinfo=UTC),
            **changes,
        }

    return row


@pytest.fixture(scope="session")
def label_row() -> Callable[..., dict[str, Any]]:
    """Makes a sound row of LABELS, of a picture like no other, with the changes given."""

    def row(digest: str, label: str, **changes: Any) -> dict[str, Any]:
        looks = sha256(digest.encode()).hexdigest()
        return {
            "image_sha256": digest,
            "label": label,
            "split_group": digest,
            "split": "train",
            "width": 100,
            "height": 100,
            "phash": looks[:16],
            "dhash": looks[16:32],
            "origin": "seed",
            "labelled_by": "test",
            "labelled_at": datetime(1999, 1, 1, tzinfo=UTC),
            **changes,
        }

    return row
