"""Every service of docker-compose.yaml, natively: what is tested is what is deployed.

Long, so it has a target of its own: `make test-compose`.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.stack.credentials import write_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.neighbours import alone_among_stacks, neighbours_ports
from counterfeit_ml.stack.ports import choose_ports
from counterfeit_ml.stack.stack import Stack
from tests.compose.native import Container, Machine, start_in_order
from tests.dags.asking import Airflow
from tests.waiting import until

DAY = "2026-11-20"
SERVERS = [
    "postgres",
    "broker",
    "seaweedfs",
    "mlflow",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker",
    "marketplace",
]

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, env_file: Path) -> Iterator[Stack]:
    """Ports and folders of this machine; the passwords are those of the generated file."""
    folders = Folders(tmp_path_factory.mktemp("compose") / "state")
    folders.create()
    shutil.copy(env_file, folders.env_file)
    with alone_among_stacks():
        write_credentials(folders.env_file, choose_ports(reserved=neighbours_ports()))
    file = folders.env_file
    yield Stack(folders, Settings(_env_file=file), StackSettings(_env_file=file))
    folders.purge()


@pytest.fixture(scope="module")
def containers(stack: Stack, config: dict[str, Any]) -> Iterator[dict[str, Container]]:
    """Every service, each started when those it depends on are as it wants them."""
    services = config["services"]
    machine = Machine(stack, services)
    (machine.folder / "volumes/seaweedfs").mkdir(parents=True)
    started = {name: Container(machine, name) for name in services}
    try:
        start_in_order(started)
        yield started
    finally:
        for one in reversed(started.values()):
            one.stop()


@pytest.fixture(scope="module")
def healthy(containers: dict[str, Container]) -> dict[str, Container]:
    for name in SERVERS:
        containers[name].await_health()
    return containers


def test_every_service_becomes_healthy_by_its_own_check(healthy: dict[str, Container]) -> None:
    checked = {name for name, one in healthy.items() if "healthcheck" in one.spec}
    assert checked == set(SERVERS)
    assert {name for name, one in healthy.items() if one.process and one.process.poll() == 0} == {
        "migration",
        "marketplace-init",
        "seaweedfs-certificate",
    }


def test_what_is_started_has_the_version_of_its_image(healthy: dict[str, Container]) -> None:
    programs = {"postgres": "postgres", "broker": "valkey-server", "seaweedfs": "weed"}
    for name, program in programs.items():
        command = [program, "version" if program == "weed" else "--version"]
        path = {"PATH": healthy[name].environment()["PATH"]}
        said = subprocess.run(command, env=path, capture_output=True, text=True, check=True).stdout
        tag = re.search(r":([\d.]+)@", healthy[name].spec["image"])
        assert tag
        assert tag[1] in said


def test_a_day_of_the_shop_goes_through_a_worker(
    healthy: dict[str, Container], stack: Stack
) -> None:
    client = Airflow(stack.own)
    until(lambda: {"ingest_listings", "validate_listings"} <= set(client.dag_ids()))
    run = client.trigger("ingest_listings", {"marketplaces": ["sample"], "max_pages": 30}, DAY)
    assert client.ended(run) == "success"
    keys = Lake(stack.settings).keys(f"listings/ds={DAY}/marketplace=sample/")
    assert any(key.endswith(".parquet") for key in keys)
    assert client.pools()["scoring"] == 2


def test_the_reader_reads_and_writes_nothing(healthy: dict[str, Container], stack: Stack) -> None:
    with psycopg.connect(stack.own.bi_reader_uri) as reader:
        assert reader.execute("SELECT count(*) FROM warehouse.current_flags").fetchone() == (0,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("DELETE FROM warehouse.flag_reviews")
    airflow = stack.own.database_uri("bi_reader", stack.own.bi_reader_password, "airflow")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(airflow)


def test_mlflow_knows_its_names_and_its_user(healthy: dict[str, Container], stack: Stack) -> None:
    url = f"{stack.settings.mlflow_uri}/api/2.0/mlflow/experiments/search"
    login = (stack.settings.mlflow_username, stack.settings.mlflow_password.get_secret_value())

    def asked(**given: Any) -> int:
        return requests.post(url, json={"max_results": 1}, timeout=10, **given).status_code

    assert asked(auth=login) == 200
    assert asked() == 401
    assert asked(auth=login, headers={"Host": "rebound.example"}) == 403


def test_no_secret_is_in_a_command_line(
    healthy: dict[str, Container], secrets_of: list[str]
) -> None:
    words = [" ".join(one.cmdline()) for container in healthy.values() for one in container.tree()]
    assert len(words) > len(SERVERS)
    assert [secret for secret in secrets_of if any(secret in line for line in words)] == []


@pytest.fixture
def secrets_of(stack: Stack) -> list[str]:
    values = {**stack.own.model_dump(), **stack.settings.model_dump()}
    return [one.get_secret_value() for one in values.values() if hasattr(one, "get_secret_value")]


def test_each_stays_within_its_memory(healthy: dict[str, Container]) -> None:
    """After a day's work, and without what only a task needs."""
    used = {name: healthy[name].memory() for name in SERVERS}
    for name in SERVERS:
        print(f"{name:24} {used[name] / 2**20:6.0f} MB")  # noqa: T201 - for docs/deployment.md
    limits = {
        name: int(healthy[name].spec["deploy"]["resources"]["limits"]["memory"]) for name in SERVERS
    }
    assert {name: used[name] for name in SERVERS if used[name] > limits[name]} == {}


def test_each_check_tells_when_its_service_is_gone(healthy: dict[str, Container]) -> None:
    """Last, for nothing is left afterwards."""
    for names in (SERVERS[5:], SERVERS[4:5], SERVERS[:4]):
        for name in names:
            healthy[name].stop()
        until(lambda some=names: not any(healthy[name].is_healthy() for name in some), seconds=90)
