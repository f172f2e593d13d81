"""One generated environment file, and the compose file filled in with it."""

from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from tests.compose.reading import make_secrets, read


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("deployment") / ".env"
    make_secrets(file)
    return file


@pytest.fixture(scope="session")
def secrets(env_file: Path) -> dict[str, str]:
    """Every generated value that must stay secret."""
    values = {name: value or "" for name, value in dotenv_values(env_file).items()}
    return {name: value for name, value in values.items() if name != "COUNTERFEIT_WORKERS"}


@pytest.fixture(scope="session")
def config(env_file: Path) -> dict[str, Any]:
    return read(env_file)
