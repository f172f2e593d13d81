"""One real stack for the whole session: its light part, and Airflow where a test asks for it."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings

COUNTERFEIT = str(Path(sys.executable).with_name("counterfeit"))
UP_LIGHT = """
from rich.console import Console
from counterfeit_ml.stack import LIGHT, up

up(Console(), LIGHT)
"""


@dataclass(frozen=True)
class RunningStack:
    """A stack that runs: how to reach it, and the environment for a process that shall use it."""

    state: Path
    settings: Settings
    stack: StackSettings
    env: dict[str, str]

    def counterfeit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command on this stack."""
        return run(self.env, COUNTERFEIT, *arguments)


def run(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def stack_environment(state: Path) -> dict[str, str]:
    """This process's environment, with nothing in it that points to another stack."""
    inherited = {key: os.environ[key] for key in os.environ if not key.startswith("COUNTERFEIT_")}
    return {**inherited, "COUNTERFEIT_STATE_DIR": str(state)}


def running(state: Path) -> RunningStack:
    env_file = state / "platform.env"
    return RunningStack(
        state=state,
        settings=Settings(_env_file=env_file, cache_dir=state / "cache"),
        stack=StackSettings(_env_file=env_file),
        env=stack_environment(state),
    )


def succeed(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """The session's state folder; whatever runs in it at the end is stopped and deleted."""
    folder = Path(tempfile.mkdtemp(prefix="counterfeit-test-"))
    yield folder
    succeed(run(stack_environment(folder), COUNTERFEIT, "down", "--purge"))


@pytest.fixture(scope="session")
def services(state: Path) -> RunningStack:
    """S3, PostgreSQL and MLflow; seconds."""
    succeed(run(stack_environment(state), sys.executable, "-c", UP_LIGHT))
    return running(state)


@pytest.fixture(scope="session")
def stack(services: RunningStack) -> RunningStack:
    """The whole stack, Airflow included, grown from ``services``; half a minute."""
    succeed(services.counterfeit("up"))
    return services


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
