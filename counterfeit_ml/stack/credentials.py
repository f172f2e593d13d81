"""Writes ``platform.env``: the one file, mode 0600, that holds all ports and passwords."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from counterfeit_ml.stack.new_secrets import PREFIX, new_secrets
from counterfeit_ml.stack.settings import HOST, MLFLOW_USER

HEADER = (
    "# Ports and generated credentials of the embedded stack, written by `counterfeit up`.\n"
    "# Keep it: the data cannot be opened without. It goes with `counterfeit down --purge`.\n"
)


def write_credentials(path: Path, ports: Mapping[str, int], workers: int = 0) -> None:
    """Write ``ports``, what follows from them and the number of Celery workers.

    Passwords made before are kept.
    """
    values = new_secrets() | read_credentials(path)
    values |= {name: str(port) for name, port in ports.items()}
    values["workers"] = str(workers)
    values |= _addresses(values)
    lines = (f"{PREFIX}{name.upper()}='{value}'\n" for name, value in sorted(values.items()))
    write_private(path, HEADER + "".join(lines))


def read_credentials(path: Path) -> dict[str, str]:
    """Names (lower case, no prefix) and values in ``platform.env``; empty where there is none."""
    found = dotenv_values(path, interpolate=False) if path.exists() else {}
    return {key.removeprefix(PREFIX).lower(): value or "" for key, value in found.items()}


def workers_of(path: Path) -> int:
    """How many Celery workers the stack of this ``platform.env`` has."""
    return int(read_credentials(path).get("workers", 0))


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` at once by a file that only this user may read."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.name}-", delete=False
    ) as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    os.replace(f.name, path)


def _addresses(values: Mapping[str, str]) -> dict[str, str]:
    database = f"{HOST}:{values['postgres_port']}/warehouse"
    return {
        "lake_endpoint": f"http://{HOST}:{values['s3_port']}",
        "warehouse_uri": f"postgresql://platform:{values['platform_password']}@{database}",
        "mlflow_uri": f"http://{HOST}:{values['mlflow_port']}",
        "mlflow_username": MLFLOW_USER,
        "sample_marketplace_url": f"http://{HOST}:{values['marketplace_port']}/",
    }
