import stat
from dataclasses import replace

import pytest

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings, broker
from counterfeit_ml.stack.catalogue import SERVICES, services
from counterfeit_ml.stack.credentials import read_credentials, write_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.ports import USUAL_PORTS
from counterfeit_ml.stack.service import MIGRATION, environment
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import configuration

ALL = [*SERVICES.values(), MIGRATION]
AIRFLOW_SECRETS = {
    "airflow_database_password",
    "airflow_fernet_key",
    "airflow_jwt_secret",
    "airflow_session_secret",
}


@pytest.fixture
def made(tmp_path):
    file = tmp_path / "platform.env"
    write_credentials(file, USUAL_PORTS)
    return Stack(Folders(tmp_path), Settings(_env_file=file), StackSettings(_env_file=file))


@pytest.fixture
def secrets(made):
    kinds = ("_password", "_secret", "_key")
    values = read_credentials(made.folders.env_file)
    return {name: value for name, value in values.items() if name.endswith(kinds)}


@pytest.mark.parametrize("service", ALL, ids=lambda one: one.name)
def test_no_secret_stands_in_a_command_line(service, made, secrets):
    words = " ".join(service.command(made))
    assert [name for name, value in secrets.items() if value in words] == []


def test_no_secret_stands_in_the_supervisors_configuration(made, secrets):
    text = configuration(made.folders)
    assert [name for name, value in secrets.items() if value in text] == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("seaweedfs", {"lake_access_key", "lake_secret_key"}),
        ("postgres", set()),
        ("marketplace", set()),
        (
            "mlflow",
            {
                "lake_access_key",
                "lake_secret_key",
                "mlflow_database_password",
                "mlflow_password",
                "mlflow_session_secret",
            },
        ),
        ("airflow-scheduler", AIRFLOW_SECRETS),
    ],
)
def test_a_service_is_given_only_the_secrets_it_needs(name, given, made, secrets):
    words = "\n".join(environment(SERVICES[name], made).values())
    assert {secret for secret, value in secrets.items() if value in words} == given


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("broker", set()),
        ("airflow-scheduler", AIRFLOW_SECRETS | {"broker_password"}),
        ("airflow-worker-2", AIRFLOW_SECRETS | {"broker_password"}),
    ],
)
def test_workers_share_a_broker_and_its_password(name, given, made, secrets):
    own = made.own.model_copy(update={"workers": 2})
    grown = replace(made, own=own)
    words = "\n".join(environment(services(2)[name], grown).values())
    assert {secret for secret, value in secrets.items() if value in words} == given
    assert not any(
        value in " ".join(services(2)[name].command(grown)) for value in secrets.values()
    )


def test_the_brokers_password_is_in_a_private_file(made, secrets):
    made.folders.broker.mkdir()
    broker.prepare(made)
    file = made.folders.broker / "valkey.conf"
    assert secrets["broker_password"] in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_supervisor_keeps_so_many_workers(made):
    text = configuration(made.folders, workers=3)
    assert [line for line in text.splitlines() if "program:airflow-worker" in line] == [
        f"[program:airflow-worker-{number}]" for number in (1, 2, 3)
    ]
    assert "worker" not in configuration(made.folders)


def test_what_the_shell_says_to_the_same_programs_is_not_passed_on(made, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere.example")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    found = environment(SERVICES["airflow-scheduler"], made)
    assert found["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert "PYTHONDONTWRITEBYTECODE" not in found
    assert found["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5000"
    assert found["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_a_percent_sign_in_the_path_is_escaped(tmp_path):
    text = configuration(Folders(tmp_path / "100%"))
    assert f"file={tmp_path}/100%%/supervisor.sock" in text
