"""Becomes one service: ``python -m counterfeit_ml.stack.service NAME``.

Supervisord runs this, so that credentials go from their file to the one service that needs them
and stand in no configuration and no command line.
"""

import os
import sys
from dataclasses import replace

from counterfeit_ml.stack.catalogue import PYTHON, SERVICES, Service, services
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.stragglers import SERVICE_MARKER, STATE_MARKER, end_stragglers

# What a person's shell says to these programs is not meant for ours.
FOREIGN = ("AIRFLOW", "AWS_", "COUNTERFEIT_", "MLFLOW_", "PG", "PYTHON", "S3_", "WEED_")

MIGRATION = replace(
    SERVICES["airflow-scheduler"],
    name="airflow-migrate",
    command=lambda stack: [PYTHON, "-m", "airflow", "db", "migrate"],
)


def environment(service: Service, stack: Stack) -> dict[str, str]:
    """The service's environment: this one's harmless part, and what the service needs."""
    inherited = {key: os.environ[key] for key in os.environ if not key.startswith(FOREIGN)}
    direct = ",".join(filter(None, [inherited.get("NO_PROXY"), "127.0.0.1,localhost"]))
    return {
        **inherited,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PYTHONUNBUFFERED": "1",
        # Else a renamed process loses its environment, and `down` would not know it any more.
        "SPT_NOENV": "1",
        STATE_MARKER: str(stack.folders.state),
        SERVICE_MARKER: service.name,
        **service.environment(stack),
    }


def main(name: str) -> None:
    """Replace this process by the service ``name``."""
    stack = Stack.load()
    service = MIGRATION if name == MIGRATION.name else services(stack.own.workers)[name]
    # Where the service was killed, its children may live on and hold its port.
    end_stragglers(stack.folders, name)
    command = service.command(stack)
    settled = environment(service, stack)
    service.prepare()
    os.execvpe(command[0], command, settled)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1])
