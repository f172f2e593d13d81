"""What docker-compose.yaml promises, as the real compose binary reads it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from counterfeit_ml.settings import ROOT, Settings
from counterfeit_ml.stack import StackSettings, airflow, mlflow
from counterfeit_ml.stack.credentials import write_credentials
from counterfeit_ml.stack.databases import MAX_CONNECTIONS
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.ports import USUAL_PORTS
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.telemetry import COLLECTOR
from tests.compose.reading import FILE, compose, make_secrets, read

AIRFLOW = [
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker",
]
ONE_SHOTS = {"migration", "marketplace-init", "seaweedfs-certificate"}
OURS = {*AIRFLOW, *ONE_SHOTS, "mlflow", "marketplace"}
VARIABLES = sorted(set(re.findall(r"\$\{(\w+)", FILE.read_text("utf-8"))))
# Variables that hold a secret, or an address with one in it.
SECRET = re.compile(r"(PASSWORD|SECRET|_KEY|KEY_ID|_AUTH|_CONN|_URI|BROKER_URL|BACKEND)$")
OPEN = {"COUNTERFEIT_MLFLOW_URI", "MLFLOW_TRACKING_URI"}
# What only a container needs: where its own files are.
OF_CONTAINERS = {
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
    "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY",
}
ELSEWHERE = re.compile(r"FOLDER|FILE|URL|CONN$|HOST|PORT|KEY|SECRET|BACKEND|PATH|URI|PASSWORD")


@pytest.fixture
def embedded(tmp_path: Path) -> Stack:
    """A stack with two workers; nothing of it runs."""
    folders = Folders(tmp_path / "state")
    folders.state.mkdir()
    file = folders.env_file
    write_credentials(file, USUAL_PORTS, workers=2)
    return Stack(folders, Settings(_env_file=file), StackSettings(_env_file=file))


def test_the_environment_file_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    make_secrets(file)
    before = file.read_bytes()
    values = dotenv_values(file)
    assert sorted(values) == VARIABLES
    assert len(set(values.values())) == len(VARIABLES)
    assert file.stat().st_mode & 0o777 == 0o600
    make_secrets(file)
    assert file.read_bytes() == before


def test_a_newer_release_adds_what_it_needs(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("COUNTERFEIT_BROKER_PASSWORD=kept")
    file.chmod(0o644)
    make_secrets(file)
    values = dotenv_values(file)
    assert values["COUNTERFEIT_BROKER_PASSWORD"] == "kept"
    assert sorted(values) == VARIABLES
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_program_says_no_value(tmp_path: Path) -> None:
    command = [sys.executable, "-I", str(ROOT / "counterfeit_ml/stack/new_secrets.py"), ".env"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    values = dotenv_values(tmp_path / ".env")
    del values["COUNTERFEIT_WORKERS"]
    assert "COUNTERFEIT_POSTGRES_PASSWORD" in done.stdout
    assert [name for name, value in values.items() if str(value) in done.stdout] == []


def test_compose_accepts_the_file(env_file: Path) -> None:
    done = compose(env_file, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("missing", VARIABLES)
def test_a_missing_or_empty_value_is_named(missing: str, env_file: Path, tmp_path: Path) -> None:
    lines = env_file.read_text("utf-8").splitlines()
    fewer = tmp_path / "fewer.env"
    fewer.write_text("\n".join(f"{missing}=" if missing in line else line for line in lines))
    done = compose(fewer, "--quiet")
    assert done.returncode == 1
    assert f"required variable {missing} is missing a value: run make compose-env" in done.stderr


def test_no_variable_has_a_default(config: dict[str, Any], secrets: dict[str, str]) -> None:
    marks = set(re.findall(r"\$\{\w+(\W*)", FILE.read_text("utf-8")))
    assert marks == {":?"}
    held = {
        (service, name): value
        for service, one in config["services"].items()
        for name, value in (one.get("environment") or {}).items()
        if SECRET.search(name) and name not in OPEN
    }
    assert ("postgres", "POSTGRES_PASSWORD") in held
    assert ("broker", "REDISCLI_AUTH") in held
    assert ("airflow-scheduler", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN") in held
    made = secrets.values()
    assert [one for one, value in held.items() if not any(key in value for key in made)] == []


def test_postgres_takes_as_many_connections_as_natively(config: dict[str, Any]) -> None:
    assert f"max_connections={MAX_CONNECTIONS}" in config["services"]["postgres"]["command"]


def test_no_secret_stands_in_a_command(config: dict[str, Any], secrets: dict[str, str]) -> None:
    words = str(
        [(one.get("command"), one.get("healthcheck")) for one in config["services"].values()]
    )
    assert [name for name, value in secrets.items() if value in words] == []


def test_the_superuser_is_known_to_its_server_and_the_migration(
    config: dict[str, Any], secrets: dict[str, str]
) -> None:
    password = secrets["COUNTERFEIT_POSTGRES_PASSWORD"]
    knowing = {name for name, one in config["services"].items() if password in str(one)}
    assert knowing == {"postgres", "migration"}


def test_our_services_share_one_image_and_the_others_are_pinned(config: dict[str, Any]) -> None:
    images = {name: one["image"] for name, one in config["services"].items()}
    assert {name for name, one in config["services"].items() if "build" in one} == OURS
    assert {images[name] for name in OURS} == {"counterfeit-ml:0.1.0"}
    others = {name: images[name] for name in images if name not in OURS}
    assert others.keys() == {"postgres", "broker", "seaweedfs"}
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    pinned = re.compile(r"[\w/]+:[\w.-]+@sha256:[0-9a-f]{64}")
    assert [one for one in [*others.values(), *bases] if not pinned.fullmatch(one)] == []
    assert len(set(bases)) == 1


def test_each_service_is_confined(config: dict[str, Any]) -> None:
    for name, one in config["services"].items():
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", one["user"]), name
        assert one["read_only"], name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert set(one["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert one["logging"]["options"]["max-size"], name


def test_all_that_is_written_is_a_volume_or_temporary(config: dict[str, Any]) -> None:
    for name, one in config["services"].items():
        binds = [mount for mount in one.get("volumes", []) if mount["type"] == "bind"]
        assert all(mount["read_only"] for mount in binds), name
        assert all(Path(mount["source"]).is_dir() for mount in binds), name
        assert one["tmpfs"][0].startswith("/tmp:"), name  # noqa: S108 - the container's


def test_a_server_has_a_health_check_and_a_one_shot_ends(config: dict[str, Any]) -> None:
    services = config["services"]
    assert {name for name, one in services.items() if "healthcheck" not in one} == ONE_SHOTS
    assert {name for name, one in services.items() if one["restart"] == "no"} == ONE_SHOTS
    for one in services.values():
        for on, how in one.get("depends_on", {}).items():
            ended = how["condition"] == "service_completed_successfully"
            assert ended or how["condition"] == "service_healthy"
            assert ended == (on in ONE_SHOTS)


def test_what_is_published_is_published_on_loopback(config: dict[str, Any]) -> None:
    published = {
        (name, port["host_ip"], port["published"])
        for name, one in config["services"].items()
        for port in one.get("ports", [])
    }
    assert published == {
        ("airflow-api-server", "127.0.0.1", "8080"),
        ("mlflow", "127.0.0.1", "5000"),
        ("postgres", "127.0.0.1", "5432"),
    }


def test_networks_divide_the_services(config: dict[str, Any]) -> None:
    members = {
        network: {
            name
            for name, one in config["services"].items()
            if network in (one.get("networks") or {})
        }
        for network in config["networks"]
    }
    assert members["queue"] == {"broker", "airflow-scheduler", "airflow-worker"}
    assert members["shop"] == {"marketplace", "airflow-worker"}
    assert members["analysts"] == {"postgres"}
    assert members["lake"] == {
        *("seaweedfs", "mlflow", "airflow-api-server", "airflow-worker", "marketplace-init"),
    }
    internal = {name for name, one in config["networks"].items() if one.get("internal")}
    assert internal == {"database", "lake", "queue", "shop"}


def test_airflow_is_configured_as_by_counterfeit_up(
    config: dict[str, Any], embedded: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All components alike, so that they share the JWT secret and the Fernet key."""
    for name in COLLECTOR:  # that of other tests
        monkeypatch.delenv(name, raising=False)
    services = config["services"]
    seen = [_options(services[name]["environment"]) for name in (*AIRFLOW, "migration")]
    assert all(one == seen[0] for one in seen)
    native = _options(airflow.environment(embedded))
    assert seen[0].keys() == native.keys() | OF_CONTAINERS
    alike = [name for name in native if not ELSEWHERE.search(name.split("__", 1)[1])]
    assert "AIRFLOW__CELERY__WORKER_CONCURRENCY" in alike
    assert {name: seen[0][name] for name in alike} == {name: native[name] for name in alike}


def test_mlflow_is_configured_as_by_counterfeit_up(config: dict[str, Any], embedded: Stack) -> None:
    seen, native = config["services"]["mlflow"]["environment"], mlflow.environment(embedded)
    assert seen.keys() == native.keys()
    alike = [name for name in native if not ELSEWHERE.search(name)]
    assert "MLFLOW_BASIC_AUTH_FAIL_CLOSED" in alike
    assert {name: seen[name] for name in alike} == {name: native[name] for name in alike}


def test_the_number_of_workers_is_said_once(env_file: Path, tmp_path: Path) -> None:
    """Replicas, tasks at once and slots of the pool follow it."""
    more = tmp_path / "more.env"
    more.write_text(env_file.read_text("utf-8").replace("WORKERS=2", "WORKERS=7"))
    services = read(more)["services"]
    assert services["airflow-worker"]["deploy"]["replicas"] == 7
    assert services["airflow-scheduler"]["environment"]["AIRFLOW__CORE__PARALLELISM"] == "7"
    assert services["migration"]["environment"]["COUNTERFEIT_WORKERS"] == "7"


def test_nothing_that_a_person_made_gets_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert next(line for line in ignored if not line.startswith("#")) == "*"
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def _options(environment: dict[str, str]) -> dict[str, str]:
    return {key: environment[key] for key in environment if key.startswith("AIRFLOW__")}
