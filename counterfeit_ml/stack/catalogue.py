"""The services of the stack: how each is started, known to be ready, and stopped."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from counterfeit_ml.errors import LakeError, StackError
from counterfeit_ml.lake import Lake
from counterfeit_ml.stack import airflow, postgres
from counterfeit_ml.stack.http import answers
from counterfeit_ml.stack.settings import HOST
from counterfeit_ml.stack.stack import Stack

PYTHON = sys.executable
LAKE, DATABASE, MLFLOW, MARKETPLACE = "seaweedfs", "postgres", "mlflow", "marketplace"


@dataclass(frozen=True)
class Service:
    """One long-running program. ``ready`` is given when it was started, in epoch seconds."""

    name: str
    command: Callable[[Stack], list[str]]
    environment: Callable[[Stack], dict[str, str]]
    ready: Callable[[Stack, float], bool]
    address: Callable[[Stack], str]
    stop_signal: str = "TERM"
    prepare: Callable[[], None] = lambda: None


def service(name: str) -> Service:
    """The service of that name; raises ``StackError``."""
    if name not in SERVICES:
        raise StackError(f"there is no service {name!r}: choose from {', '.join(SERVICES)}.")
    return SERVICES[name]


def _nothing(stack: Stack) -> dict[str, str]:
    return {}


def _keys(stack: Stack) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": stack.settings.lake_access_key,
        "AWS_SECRET_ACCESS_KEY": stack.settings.lake_secret_key.get_secret_value(),
    }


def _seaweedfs(stack: Stack) -> list[str]:
    own = stack.own
    options = {
        "dir": stack.folders.lake,
        "ip": HOST,
        "ip.bind": HOST,
        "bucket": stack.settings.lake_bucket,
        "s3.port": own.s3_port,
        "master.port": own.s3_master_port,
        "volume.port": own.s3_volume_port,
        "filer.port": own.s3_filer_port,
        "admin.port": own.s3_admin_port,
        "webdav": "false",
        "admin.ui": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.autoCreateBucket": "false",
        "master.telemetry": "false",
        # The filer would hand out objects to anyone.
        "disableHttp": "true",
    }
    weed = Path(PYTHON).with_name("weed")
    flags = (f"-{name}={value}" for name, value in options.items())
    return [str(weed), "-logtostderr=true", "mini", *flags]


def _lake_ready(stack: Stack, since: float) -> bool:
    if not answers(f"{stack.settings.lake_endpoint}/healthz"):
        return False
    try:
        Lake(stack.settings).keys("_")
    except LakeError:
        return False
    return True


def _mlflow(stack: Stack) -> list[str]:
    return [
        *(PYTHON, "-m", "mlflow", "server"),
        *("--host", HOST, "--port", str(stack.own.mlflow_port), "--workers", "1"),
        *("--serve-artifacts", "--artifacts-destination"),
        f"s3://{stack.settings.lake_bucket}/mlflow",
    ]


def _mlflow_environment(stack: Stack) -> dict[str, str]:
    own = stack.own
    return {
        **_keys(stack),
        "AWS_DEFAULT_REGION": "us-east-1",
        "MLFLOW_S3_ENDPOINT_URL": stack.settings.lake_endpoint,
        "MLFLOW_BACKEND_STORE_URI": own.database_uri(
            "mlflow", own.mlflow_database_password, "mlflow"
        ),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Jobs judge language models, of which there are none; they cost four processes.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def _marketplace(stack: Stack) -> list[str]:
    return [
        *(PYTHON, "-m", "counterfeit_ml.sample_marketplace.server"),
        *("--directory", str(stack.folders.marketplace)),
        *("--port", str(stack.own.marketplace_port)),
    ]


def _airflow(name: str, component: str) -> Service:
    loglessly = ["--skip-serve-logs"] if name in ("scheduler", "triggerer") else []
    return Service(
        name=f"airflow-{name}",
        # The log servers listen on every interface; here the API server reads the files itself.
        command=lambda stack: [PYTHON, "-m", "airflow", name, *loglessly],
        environment=airflow.environment,
        ready=lambda stack, since: airflow.is_healthy(stack, component, since),
        address=lambda stack: stack.own.airflow_url if name == "api-server" else "",
    )


# In the order of their start; a group starts when the group before it is ready.
GROUPS: tuple[tuple[Service, ...], ...] = (
    (
        Service(
            name=LAKE,
            command=_seaweedfs,
            environment=_keys,
            ready=_lake_ready,
            address=lambda stack: stack.settings.lake_endpoint,
        ),
        Service(
            name=DATABASE,
            command=postgres.command,
            environment=_nothing,
            ready=lambda stack, since: postgres.is_ready(stack),
            address=lambda stack: f"{HOST}:{stack.own.postgres_port}",
            stop_signal="INT",
            prepare=postgres.drop_privileges,
        ),
    ),
    (
        Service(
            name=MLFLOW,
            command=_mlflow,
            environment=_mlflow_environment,
            ready=lambda stack, since: answers(f"{stack.settings.mlflow_uri}/health"),
            address=lambda stack: stack.settings.mlflow_uri,
        ),
        Service(
            name=MARKETPLACE,
            command=_marketplace,
            environment=_nothing,
            ready=lambda stack, since: answers(
                stack.settings.sample_marketplace_url, with_success=False
            ),
            address=lambda stack: stack.settings.sample_marketplace_url,
        ),
    ),
    (
        _airflow("api-server", "metadatabase"),
        _airflow("scheduler", "scheduler"),
        _airflow("dag-processor", "dag_processor"),
        _airflow("triggerer", "triggerer"),
    ),
)
SERVICES = {one.name: one for group in GROUPS for one in group}
LIGHT = (LAKE, DATABASE, MLFLOW)
