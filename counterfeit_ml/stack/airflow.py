"""Airflow: its configuration, first migration, health, and the platform's connections."""

import json
import os
import subprocess
import sys
from datetime import datetime
from importlib.metadata import version
from typing import Any

import requests

from counterfeit_ml.errors import StackError
from counterfeit_ml.settings import ROOT
from counterfeit_ml.stack import postgres, telemetry
from counterfeit_ml.stack.connections import connections
from counterfeit_ml.stack.credentials import write_private
from counterfeit_ml.stack.http import call
from counterfeit_ml.stack.pools import pools
from counterfeit_ml.stack.settings import AIRFLOW_USER, HOST, StackSettings
from counterfeit_ml.stack.stack import Stack

# Two cores: more tasks at once only take time from each other.
ON_ONE_MACHINE = {"CORE__EXECUTOR": "LocalExecutor", "CORE__PARALLELISM": 4}
# A task is given up, and retried, when its worker was silent so long: it beats every five seconds.
SILENCE_SECONDS = 30
# The same for one that a worker took and died before it could begin.
QUEUED_SECONDS = 120
# A scheduler that was killed is known to be dead after thirty seconds, but its tasks are looked for
# only so often: Airflow's five minutes would be the longest part of a recovery.
ORPHANS_SECONDS = 30
# Longer than any task: the broker would send again what still runs, and both of the above are
# faster.
REDELIVERY_SECONDS = 24 * 3600
DAG_FOLDER_REFRESH_SECONDS = 10
CONFIG = (
    "# All configuration is in the environment of Airflow's processes, put there by\n"
    "# counterfeit_ml/stack/airflow.py; a setting written here holds where that is silent.\n"
)
# What a task reads from its environment; logins it takes from the connections.
FOR_TASKS = ("sample_marketplace_url", "config_dir", "expectations_dir", "cache_dir")
MIGRATION_TIMEOUT_SECONDS = 180


def environment(stack: Stack) -> dict[str, str]:
    """Airflow's whole configuration; tasks get no key of the lake and no warehouse login."""
    own, home = stack.own, stack.folders.airflow
    options = {
        "CORE__DAGS_FOLDER": ROOT / "dags",
        "CORE__PLUGINS_FOLDER": ROOT / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__FERNET_KEY": own.airflow_fernet_key.get_secret_value(),
        "CORE__EXECUTION_API_SERVER_URL": f"{own.airflow_url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{AIRFLOW_USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": home / "passwords.json",
        "DATABASE__SQL_ALCHEMY_CONN": _database(own),
        "API__HOST": HOST,
        "API__PORT": own.airflow_port,
        "API__BASE_URL": own.airflow_url,
        "API__WORKERS": 1,
        "API__SECRET_KEY": own.airflow_session_secret.get_secret_value(),
        "API_AUTH__JWT_SECRET": own.airflow_jwt_secret.get_secret_value(),
        "DAG_PROCESSOR__REFRESH_INTERVAL": DAG_FOLDER_REFRESH_SECONDS,
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": SILENCE_SECONDS,
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
        "SCHEDULER__TASK_QUEUED_TIMEOUT": QUEUED_SECONDS,
        "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": 10,
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": ORPHANS_SECONDS,
        **(_on_workers(own) if own.workers else ON_ONE_MACHINE),
    }
    return {
        "AIRFLOW_HOME": str(home),
        # Where the button on a task leads to; tasks themselves take it from the connection.
        "MLFLOW_TRACKING_URI": stack.settings.mlflow_uri,
        **telemetry.environment(home),
        **{f"COUNTERFEIT_{name.upper()}": str(getattr(stack.settings, name)) for name in FOR_TASKS},
        **{f"AIRFLOW__{name}": str(value) for name, value in options.items()},
    }


def _on_workers(own: StackSettings) -> dict[str, object]:
    """The executor's settings, which docs/scaling.md explains."""
    return {
        "CORE__EXECUTOR": "CeleryExecutor",
        # As many tasks are sent as there are workers, so that none waits out of Airflow's sight.
        "CORE__PARALLELISM": own.workers,
        "CELERY__WORKER_CONCURRENCY": 1,
        "CELERY__BROKER_URL": own.broker_uri,
        "CELERY__RESULT_BACKEND": f"db+{_database(own)}",
        "CELERY__OPERATION_TIMEOUT": 10,
        "CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": REDELIVERY_SECONDS,
    }


def _database(own: StackSettings) -> str:
    uri = own.database_uri("airflow", own.airflow_database_password, "airflow")
    return uri.replace("postgresql", "postgresql+psycopg2", 1)


def prepare(stack: Stack) -> None:
    """Write the files Airflow would else make up when it starts."""
    write_private(stack.folders.airflow / "airflow.cfg", CONFIG)
    password = stack.own.airflow_admin_password.get_secret_value()
    write_private(stack.folders.airflow / "passwords.json", json.dumps({AIRFLOW_USER: password}))


def migrate(stack: Stack) -> None:
    """Bring Airflow's database to the installed release, unless it is; raises ``StackError``."""
    release = version("apache-airflow-core")
    if postgres.airflow_version(stack) == release:
        return
    log = stack.folders.logs / "airflow-migrate.log"
    with log.open("w") as file:
        done = subprocess.run(
            [sys.executable, "-m", "counterfeit_ml.stack.service", "airflow-migrate"],
            cwd=stack.folders.work,
            env={**os.environ, "COUNTERFEIT_STATE_DIR": str(stack.folders.state)},
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=MIGRATION_TIMEOUT_SECONDS,
            check=False,
        )
    if done.returncode:
        raise StackError(f"Airflow's database cannot be migrated; {log} says why.")
    postgres.note_airflow_version(stack, release)


def is_healthy(stack: Stack, component: str, since: float) -> bool:
    """Whether a component beats, and did so after ``since`` (seconds of the epoch)."""
    try:
        health = call("GET", f"{stack.own.airflow_url}/api/v2/monitor/health").json()
    except (requests.RequestException, ValueError):
        return False
    found = health.get(component) or {}
    beat = found.get(f"latest_{component}_heartbeat")
    fresh = beat is not None and datetime.fromisoformat(beat).timestamp() >= since
    return found.get("status") == "healthy" and (component == "metadatabase" or fresh)


def ensure_objects(stack: Stack) -> None:
    """Bring the connections ``lake``, ``warehouse`` and ``mlflow`` and the pools up to date.

    Raises ``ConfigError`` where the configuration that names the pools is wrong.
    """
    token = login(stack.own)
    for name, connection in connections(stack.settings).items():
        _ensure(stack, token, "connections", name, {"connection_id": name, **connection})
    for pool in pools(stack.settings, stack.own.workers):
        wanted = {**pool._asdict(), "include_deferred": False}
        _ensure(stack, token, "pools", pool.name, wanted)


def _ensure(stack: Stack, token: str, kind: str, name: str, wanted: dict[str, Any]) -> None:
    base = f"{stack.own.airflow_url}/api/v2/{kind}"
    known = call("GET", f"{base}/{name}", token=token).status_code == requests.codes.ok
    method, url = ("PATCH", f"{base}/{name}") if known else ("POST", base)
    answer = call(method, url, json=wanted, token=token)
    if not answer.ok:
        raise StackError(
            f"Airflow refuses {name!r} of its {kind}: {answer.status_code} {answer.text[:300]}"
        )


def login(own: StackSettings) -> str:
    """A token for Airflow's REST API; raises ``StackError``."""
    url = f"{own.airflow_url}/auth/token"
    password = own.airflow_admin_password.get_secret_value()
    try:
        answer = call("POST", url, json={"username": AIRFLOW_USER, "password": password})
    except requests.RequestException as error:
        raise StackError(f"Airflow does not answer at {url}: see `counterfeit status`.") from error
    if not answer.ok:
        raise StackError(f"Airflow refuses the login of {AIRFLOW_USER!r}: {answer.text[:300]}")
    return str(answer.json()["access_token"])
