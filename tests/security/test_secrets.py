"""Every secret of the stack, looked for wherever it must not stand, after the whole main job."""

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
import yaml

from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import ROOT
from counterfeit_ml.stack.credentials import read_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.stragglers import stragglers
from tests.intrusions import IMAGE
from tests.security.stranger import is_refused
from tests.stacks import superuser

pytestmark = pytest.mark.timeout(900)
KINDS = ("_password", "_secret", "_key")
NAMED = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|CREDENTIAL|_CONN|_URI", re.IGNORECASE)


@pytest.fixture(scope="module")
def folders(stack) -> Folders:
    return Folders(stack.state)


@pytest.fixture(scope="module")
def secrets(folders, demo) -> dict[str, bytes]:
    """By name; MLflow's password also as it goes over the wire, SeaweedFS's key a line of it."""
    values = read_credentials(folders.env_file)
    found = {name: value.encode() for name, value in values.items() if name.endswith(KINDS)}
    # No secret by itself: a name, which S3 quotes in what it signs.
    del found["lake_access_key"]
    login = f"{values['mlflow_username']}:{values['mlflow_password']}"
    key = (folders.seaweedfs / "seaweedfs.key").read_text().splitlines()[1]
    found |= {"basic_auth": base64.b64encode(login.encode()), "seaweedfs_key": key.encode()}
    assert len(found) >= 14
    return found


def standing_in(secrets: dict[str, bytes], text: bytes) -> list[str]:
    return [name for name, secret in secrets.items() if secret in text]


@pytest.mark.intrusion("secrets in logs and in what a service is told", "none stands there")
def test_none_is_in_a_log_or_a_configuration(folders, secrets):
    paths = [
        path
        for pattern in ("*.log*", "*.jsonl", "*.pid")
        for path in folders.state.rglob(pattern)
        if "lake" not in path.parts
    ]
    assert len(paths) > 20
    for path in (*paths, folders.supervisor_config, folders.seaweedfs / "security.toml"):
        assert standing_in(secrets, path.read_bytes()) == [], path


@pytest.mark.intrusion("secrets in command lines", "none stands there")
def test_none_is_in_a_command_line(secrets):
    running = psutil.process_iter(["cmdline"])
    lines = "\n".join(" ".join(one.info["cmdline"] or []) for one in running)
    assert "mlflow" in lines
    assert standing_in(secrets, lines.encode()) == []


@pytest.mark.intrusion("secrets in the environment of other users' processes", "none stands there")
def test_none_is_in_the_environment_of_another_user(folders, secrets):
    others = [one for one in stragglers(folders) if one.uids().real != os.geteuid()]
    assert bool(others) == (os.geteuid() == 0)  # PostgreSQL
    for process in others:
        text = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert standing_in(secrets, text) == [], process


@pytest.mark.intrusion("environment and files of the stack, read by another user", "EACCES")
def test_another_user_reads_neither_environment_nor_file(folders):
    pids = [one.pid for one in stragglers(folders) if one.uids().real == os.geteuid()]
    paths = [f"/proc/{pid}/environ" for pid in pids]
    paths += [str(folders.env_file), str(folders.mlflow), str(folders.seaweedfs)]
    for path in paths[-3:]:
        assert not os.stat(path).st_mode & 0o077
    for path in paths:
        assert is_refused(partial(_read, path)), path


def _read(path: str) -> object:
    return os.listdir(path) if os.path.isdir(path) else Path(path).read_bytes()


@pytest.mark.intrusion("secrets in XCom, rendered templates, audit log, MLflow, warehouse", "none")
@pytest.mark.parametrize(
    ("database", "tables"),
    [
        ("airflow", ("xcom", "rendered_task_instance_fields", "log", "connection")),
        ("mlflow", ("params", "tags", "model_version_tags", "users")),
        ("warehouse", ("flagged_listings",)),
    ],
)
def test_none_is_in_a_database(stack, folders, secrets, database, tables):
    dump = subprocess.run(
        [str(folders.postgres_binaries / "pg_dump"), "--inserts", superuser(stack.stack, database)],
        capture_output=True,
        check=True,
    ).stdout
    for table in tables:
        assert f".{table} VALUES".encode() in dump, table
    assert standing_in(secrets, dump) == []


@pytest.mark.intrusion("secrets in the lake and in MLflow's artifacts", "none stands there")
def test_none_is_in_the_lake(stack, secrets):
    assert any(key.startswith("mlflow/") for key, _ in objects(stack))
    assert {
        key: found for key, data in objects(stack) if (found := standing_in(secrets, data))
    } == {}


def objects(stack) -> Iterator[tuple[str, bytes]]:
    lake = Lake(stack.settings)
    return ((key, lake.get(key)) for key in lake.keys(""))


@IMAGE
def test_the_image_takes_none():
    steps = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text("utf-8")).splitlines()
    said = [step.split() for step in steps if step and not step.startswith("#")]
    assert {"FROM", "COPY", "RUN"} <= {step[0] for step in said}
    for step in said:
        if step[0] in {"ARG", "ENV", "LABEL"}:
            assert not NAMED.search(" ".join(step)), step
        if step[0] in {"COPY", "ADD"} and not any(one.startswith("--from") for one in step):
            assert not {".", "./", "*"} & set(step[1:-1]), step
            assert not NAMED.search(" ".join(step)), step
    # What it is made of is listed, all else is left out: .dockerignore begins with everything.
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] != "#"]
    assert ignored[0] == "*"
    assert not any(".env" in line or ".counterfeit" in line for line in ignored)


@IMAGE
def test_compose_builds_without_any():
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text("utf-8"))["services"]
    for name, one in services.items():
        build = one.get("build", {})
        assert not NAMED.search(json.dumps(build)), name
