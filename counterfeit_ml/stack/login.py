"""How a person gets in: addresses and passwords, and psql as the analyst's role."""

import os
import sys

from rich.console import Console
from rich.table import Table

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack import airflow
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.settings import AIRFLOW_USER, HOST, READER
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import Supervisor


def is_up() -> bool:
    """Whether the stack's supervisor runs."""
    return Supervisor(Folders()).runs()


def show_login(console: Console) -> None:
    """Print where the services are and how to log in, passwords included."""
    stack = _running()
    own, settings = stack.own, stack.settings
    table = Table("service", "address", "user", "password")
    table.add_row(
        "Airflow", own.airflow_url, AIRFLOW_USER, own.airflow_admin_password.get_secret_value()
    )
    table.add_row(
        "MLflow",
        settings.mlflow_uri,
        settings.mlflow_username,
        settings.mlflow_password.get_secret_value(),
    )
    table.add_row(
        "warehouse", "database warehouse", READER, own.bi_reader_password.get_secret_value()
    )
    table.add_row(
        "S3",
        settings.lake_endpoint,
        settings.lake_access_key,
        settings.lake_secret_key.get_secret_value(),
    )
    console.print(table)
    console.print(own.bi_reader_uri, soft_wrap=True, highlight=False)


def run_psql(arguments: list[str]) -> None:
    """Become psql, connected to the warehouse as ``bi_reader``."""
    stack = _running()
    psql = str(Folders().postgres_binaries / "psql")
    # By the environment, for a command line is there for everyone to read.
    login = {
        "PGHOST": HOST,
        "PGPORT": str(stack.own.postgres_port),
        "PGDATABASE": "warehouse",
        "PGUSER": READER,
        "PGPASSWORD": stack.own.bi_reader_password.get_secret_value(),
        "PGOPTIONS": "-c search_path=warehouse,public",
    }
    os.execve(psql, [psql, *arguments], {**os.environ, **login})  # noqa: S606


def run_airflow(arguments: list[str]) -> None:
    """Become Airflow's own command, with the configuration of the embedded one."""
    command = [sys.executable, "-m", "airflow", *arguments]
    os.execve(command[0], command, {**os.environ, **airflow.environment(_running())})  # noqa: S606


def _running() -> Stack:
    if not is_up():
        raise StackError("The stack is down: start it with `make up`.")
    return Stack.load()
