"""Airflow's Celery workers: each stands for a machine that takes one task after the other."""

import os
from functools import cache
from typing import Any

from counterfeit_ml.stack import airflow
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.stragglers import SERVICE_MARKER

PING_SECONDS = 1
# The log server would listen on every interface; the API server reads the files itself here.
# Mingle and gossip tell workers of each other, which ours need not know.
QUIETLY = ("--skip-serve-logs", "--without-mingle", "--without-gossip")


def arguments(name: str) -> list[str]:
    """What follows ``airflow``."""
    return [*("celery", "worker", "--celery-hostname", name), *QUIETLY]


def environment(stack: Stack) -> dict[str, str]:
    """Airflow's, and a name, for all workers of one machine would have the machine's."""
    return {
        **airflow.environment(stack),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": f"{__name__}.{host_name.__name__}",
    }


def host_name() -> str:
    """The worker in whose process this is; Airflow notes it with each task that it runs."""
    return os.environ[SERVICE_MARKER]


def is_ready(stack: Stack, name: str) -> bool:
    """Whether the worker takes tasks from the broker."""
    from redis import RedisError

    try:
        return bool(_control(stack.own.broker_uri).ping([f"celery@{name}"], timeout=PING_SECONDS))
    except (OSError, RedisError):
        return False


@cache
def _control(broker_uri: str) -> Any:
    # Here, because every service's wrapper passes through this module and needs no Celery.
    from celery import Celery

    return Celery(broker=broker_uri).control
