"""What a running stack promises; the killing is last, for every test shares the stack."""

import os
import signal
import stat
from contextlib import ExitStack
from functools import partial

import psutil
import psycopg
import pytest
import requests

from counterfeit_ml.lake import Lake
from counterfeit_ml.stack import airflow, postgres, readiness
from counterfeit_ml.stack.catalogue import LIGHT, SERVICES
from counterfeit_ml.stack.credentials import read_credentials
from counterfeit_ml.stack.databases import READERS, ensure_databases
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.http import call
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.stragglers import stragglers
from counterfeit_ml.stack.supervisor import Supervisor
from tests.intrusions import OTHER_DATABASES, WRITING_ROLE
from tests.waiting import until

RETURN_SECONDS = 60


@pytest.fixture(scope="session")
def folders(services):
    return Folders(services.state)


@pytest.fixture(scope="session")
def supervisor(folders):
    return Supervisor(folders)


@pytest.fixture(scope="session")
def parts(services, folders):
    return Stack(folders, services.settings, services.stack)


def test_every_port_is_on_loopback(stack, folders):
    ours = {process.pid for process in stragglers(folders)}
    connections = [
        connection
        for connection in psutil.net_connections("tcp")
        if connection.pid in ours and connection.status == psutil.CONN_LISTEN
    ]
    assert {connection.laddr.ip for connection in connections} == {"127.0.0.1"}
    assert {stack.stack.s3_port, stack.stack.postgres_port, stack.stack.airflow_port} <= {
        connection.laddr.port for connection in connections
    }


def test_secrets_are_in_no_command_line_and_no_log(stack, folders):
    kinds = ("_password", "_secret", "secret_key", "fernet_key")
    values = read_credentials(folders.env_file)
    secrets = {name: value for name, value in values.items() if name.endswith(kinds)}
    logs = "".join(path.read_text(errors="replace") for path in folders.logs.rglob("*.log*"))
    running = psutil.process_iter(["cmdline"])
    lines = "".join(" ".join(process.info["cmdline"] or []) for process in running)
    assert len(logs) > 1000
    assert [name for name, value in secrets.items() if value in logs + lines] == []


def test_files_with_secrets_are_private(stack, folders):
    for path in (folders.env_file, folders.airflow / "passwords.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folders.socket.stat().st_mode) == 0o700


def test_s3_refuses_whoever_has_no_key(services):
    bucket = f"{services.settings.lake_endpoint}/counterfeit"
    assert requests.get(bucket, timeout=5).status_code == 403
    assert requests.put(f"{bucket}/key", data=b"x", timeout=5).status_code == 403
    Lake(services.settings).put("private", b"x")
    filer = f"http://127.0.0.1:{services.stack.s3_filer_port}/buckets/counterfeit"
    # It answers to TLS with SeaweedFS's own certificate alone (test_seaweedfs.py).
    assert requests.get(f"{filer}/private", timeout=5).status_code == 400


def test_the_reader_reads_and_cannot_write(services):
    with psycopg.connect(services.stack.bi_reader_uri, autocommit=True) as connection:
        query = "SELECT count(*) >= 0 FROM warehouse.flagged_listings"
        assert connection.execute(query).fetchone() == (True,)
        connection.execute("SET default_transaction_read_only = off")
        for statement in ("DELETE FROM warehouse.flagged_listings", "CREATE TABLE mine (a int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


@pytest.mark.parametrize("database", ["airflow", "mlflow", "postgres"])
@OTHER_DATABASES
def test_the_reader_sees_no_other_database(services, database):
    own = services.stack
    uri = own.database_uri("bi_reader", own.bi_reader_password, database)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(uri)


OWNED = """
    SELECT 'database ' || datname AS owned FROM pg_database WHERE datdba = 'platform'::regrole
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspowner = 'platform'::regrole
    UNION ALL SELECT 'relation ' || oid::regclass FROM pg_class
    WHERE relowner = 'platform'::regrole AND relnamespace <> 'warehouse'::regnamespace
    AND relkind IN ('r', 'v') AND relpersistence <> 't'
"""


@WRITING_ROLE
def test_analysts_leave_connections_to_the_platform(services):
    with ExitStack() as open_ones:
        for _ in range(READERS):
            open_ones.enter_context(psycopg.connect(services.stack.bi_reader_uri))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(services.stack.bi_reader_uri)
        with psycopg.connect(services.settings.warehouse_uri.get_secret_value()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_writing_role_has_its_schema_and_nothing_else(services):
    uri = services.settings.warehouse_uri.get_secret_value()
    with psycopg.connect(uri, autocommit=True) as connection:
        assert connection.execute(OWNED).fetchall() == [("schema warehouse",)]
        for statement in ("CREATE TABLE public.mine (a int)", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_an_older_installation_gets_the_same_roles(services, parts):
    with postgres.connect(parts) as connection:
        connection.execute("ALTER DATABASE warehouse OWNER TO platform")
    ensure_databases(parts.own, f"127.0.0.1:{parts.own.postgres_port}")
    with psycopg.connect(services.settings.warehouse_uri.get_secret_value()) as connection:
        assert connection.execute(OWNED).fetchall() == [("schema warehouse",)]
        connection.execute("CREATE TEMPORARY TABLE mine (a int)")
    with psycopg.connect(services.stack.bi_reader_uri) as connection:
        connection.execute("SELECT FROM warehouse.current_flags")


def test_postgres_wants_a_password(services):
    uri = f"postgresql://platform:guess@127.0.0.1:{services.stack.postgres_port}/warehouse"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(uri)


def test_mlflow_stores_artifacts_in_the_lake_for_clients_without_keys(services):
    artifact = f"{services.settings.mlflow_uri}/api/2.0/mlflow-artifacts/artifacts/note.txt"
    settings = services.settings
    login = (settings.mlflow_username, settings.mlflow_password.get_secret_value())
    done = requests.put(artifact, data=b"kept", timeout=30, auth=login)
    assert done.status_code == 200
    assert Lake(services.settings).get("mlflow/note.txt") == b"kept"


def test_airflow_has_the_connections(stack, parts):
    base = f"{stack.stack.airflow_url}/api/v2/connections"
    assert call("GET", base).status_code == 401
    token = airflow.login(parts.own)
    found = {
        one["connection_id"]: one for one in call("GET", base, token=token).json()["connections"]
    }
    assert set(found) == {"lake", "warehouse", "mlflow"}
    assert found["lake"]["conn_type"] == "aws"
    assert stack.settings.lake_endpoint in found["lake"]["extra"]
    assert found["warehouse"]["port"] == stack.stack.postgres_port


def test_status_shows_all_healthy(stack):
    done = stack.counterfeit("status")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("healthy") == len(SERVICES)


def test_logs_prints_the_last_lines(stack):
    done = stack.counterfeit("logs", "postgres", "--lines", "3")
    assert len(done.stdout.splitlines()) == 3
    wrong = stack.counterfeit("logs", "oracle")
    assert wrong.returncode == 1
    assert "there is no service 'oracle'" in wrong.stderr


def test_a_second_up_leaves_alone_what_runs(stack, supervisor):
    before = {name: supervisor.process(name).pid for name in SERVICES}
    done = stack.counterfeit("up")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("already") == len(SERVICES)
    assert {name: supervisor.process(name).pid for name in SERVICES} == before


@pytest.mark.parametrize("name", LIGHT)
def test_a_killed_service_comes_back_by_itself_each_time(services, parts, supervisor, name):
    Lake(services.settings).put("kept/key", name.encode())
    for _ in range(2):
        killed = supervisor.process(name).pid
        os.kill(killed, signal.SIGKILL)
        until(partial(_is_back, parts, supervisor, name, killed), RETURN_SECONDS)
    assert Lake(services.settings).get("kept/key") == name.encode()


def test_up_recovers_from_a_killed_supervisor(stack, folders):
    before = {process.pid for process in stragglers(folders)}
    os.kill(int(folders.supervisor_pid.read_text()), signal.SIGKILL)
    done = stack.counterfeit("up")
    assert done.returncode == 0, done.stderr
    assert before.isdisjoint(process.pid for process in stragglers(folders))
    assert Lake(stack.settings).get("kept/key") == b"mlflow"


def _is_back(parts, supervisor, name, killed):
    process = supervisor.process(name)
    return process.pid != killed and readiness.is_ready(parts, SERVICES[name], process)
