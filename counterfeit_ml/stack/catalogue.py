"""The services of the stack: how each is started, known to be ready, and stopped."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack import airflow, broker, mlflow, postgres, seaweedfs, worker
from counterfeit_ml.stack.http import answers
from counterfeit_ml.stack.settings import HOST
from counterfeit_ml.stack.stack import Stack

PYTHON = sys.executable
S3, DATABASE, MLFLOW, MARKETPLACE = "seaweedfs", "postgres", "mlflow", "marketplace"
WORKER = "airflow-worker"


@dataclass(frozen=True)
class Service:
    """One long-running program.

    ``ports`` is every port it listens on, the one in ``address`` first; ``ready`` is given when
    it was started, in epoch seconds.
    """

    name: str
    command: Callable[[Stack], list[str]]
    environment: Callable[[Stack], dict[str, str]]
    ready: Callable[[Stack, float], bool]
    address: Callable[[Stack], str]
    ports: Callable[[Stack], list[int]]
    stop_signal: str = "TERM"
    prepare: Callable[[], None] = lambda: None


def groups(workers: int = 0) -> tuple[tuple[Service, ...], ...]:
    """Storage, middle and orchestration; each starts when the one before is ready."""
    if not workers:
        return GROUPS
    storage, middle, orchestration = GROUPS
    celery = [_worker(f"{WORKER}-{number}") for number in range(1, workers + 1)]
    return ((*storage, BROKER), middle, (*orchestration, *celery))


def services(workers: int = 0) -> dict[str, Service]:
    """All of ``groups``, by name."""
    return {one.name: one for group in groups(workers) for one in group}


def service(name: str, workers: int = 0) -> Service:
    """The service of that name; raises ``StackError``."""
    known = services(workers)
    if name not in known:
        raise StackError(f"there is no service {name!r}: choose from {', '.join(known)}.")
    return known[name]


def _nothing(stack: Stack) -> dict[str, str]:
    return {}


def _marketplace(stack: Stack) -> list[str]:
    return [
        *(PYTHON, "-m", "counterfeit_ml.sample_marketplace.server"),
        *("--directory", str(stack.folders.marketplace)),
        *("--port", str(stack.own.marketplace_port)),
    ]


def _airflow(name: str, component: str) -> Service:
    logless = ["--skip-serve-logs"] if name in ("scheduler", "triggerer") else []
    serves = name == "api-server"
    return Service(
        name=f"airflow-{name}",
        # The log servers listen on every interface; here the API server reads the files itself.
        command=lambda stack: [PYTHON, "-m", "airflow", name, *logless],
        environment=airflow.environment,
        ready=lambda stack, since: airflow.is_healthy(stack, component, since),
        address=lambda stack: stack.own.airflow_url if serves else "",
        ports=lambda stack: [stack.own.airflow_port] if serves else [],
    )


def _worker(name: str) -> Service:
    return Service(
        name=name,
        command=lambda stack: [PYTHON, "-m", "airflow", *worker.arguments(name)],
        environment=worker.environment,
        ready=lambda stack, since: worker.is_ready(stack, name),
        address=lambda stack: "",
        ports=lambda stack: [],
    )


BROKER = Service(
    name="broker",
    command=broker.command,
    environment=_nothing,
    ready=lambda stack, since: broker.is_ready(stack),
    address=lambda stack: f"{HOST}:{stack.own.broker_port}",
    ports=lambda stack: [stack.own.broker_port],
)
GROUPS: tuple[tuple[Service, ...], ...] = (
    (
        Service(
            name=S3,
            command=seaweedfs.command,
            environment=seaweedfs.environment,
            ready=lambda stack, since: seaweedfs.is_ready(stack),
            address=lambda stack: stack.settings.lake_endpoint,
            ports=seaweedfs.ports,
        ),
        Service(
            name=DATABASE,
            command=postgres.command,
            environment=_nothing,
            ready=lambda stack, since: postgres.is_ready(stack),
            address=lambda stack: f"{HOST}:{stack.own.postgres_port}",
            ports=lambda stack: [stack.own.postgres_port],
            stop_signal="INT",
            prepare=postgres.drop_privileges,
        ),
    ),
    (
        Service(
            name=MLFLOW,
            command=mlflow.command,
            environment=mlflow.environment,
            ready=lambda stack, since: answers(f"{stack.settings.mlflow_uri}/health"),
            address=lambda stack: stack.settings.mlflow_uri,
            ports=lambda stack: [stack.own.mlflow_port],
        ),
        Service(
            name=MARKETPLACE,
            command=_marketplace,
            environment=_nothing,
            ready=lambda stack, since: answers(
                stack.settings.sample_marketplace_url, with_success=False
            ),
            address=lambda stack: stack.settings.sample_marketplace_url,
            ports=lambda stack: [stack.own.marketplace_port],
        ),
    ),
    (
        _airflow("api-server", "metadatabase"),
        _airflow("scheduler", "scheduler"),
        _airflow("dag-processor", "dag_processor"),
        _airflow("triggerer", "triggerer"),
    ),
)
SERVICES = services()
LIGHT = (S3, DATABASE, MLFLOW)
