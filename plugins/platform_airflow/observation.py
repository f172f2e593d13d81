"""What every task tells besides its result: the day in its log, metrics, and lineage."""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any
from urllib.parse import quote

from airflow.sdk import Context
from airflow.sdk.lineage import get_hook_lineage_collector
from airflow.sdk.observability import stats

from counterfeit_ml.lineage import Lineage, recorded
from counterfeit_ml.logs import bind

# Of an address; what people name partitions by may hold anything else, and assets are ASCII.
SAFE = ":/=@"


@contextmanager
def observed(context: Context) -> Iterator[None]:
    """Within, each line of the log has the run's day; what is read and written becomes lineage."""
    day = _day(context)
    bind(**({"ds": day} if day else {}))
    with recorded() as lineage:
        try:
            yield
        finally:
            _report(lineage, context)


def measured(context: Context, result: Any) -> None:
    """Send each number that a task returned as a gauge ``counterfeit.TASK.NAME``, beside Airflow's.

    A dictionary inside is one gauge, and its keys are the tag ``of``.
    """
    if not isinstance(result, dict):
        return
    prefix = f"counterfeit.{context['ti'].task_id.rsplit('.', 1)[-1]}"
    tags = {key: result[key] for key in ("marketplace",) if key in result}
    for name, value in result.items():
        if isinstance(value, dict):
            for of, part in value.items():
                _gauge(f"{prefix}.{name}", part, {**tags, "of": str(of)})
        else:
            _gauge(f"{prefix}.{name}", value, tags)


def _gauge(name: str, value: Any, tags: dict[str, str]) -> None:
    if isinstance(value, Real) and not isinstance(value, bool):
        stats.gauge(name, float(value), tags=tags)


def _day(context: Context) -> str | None:
    return context["dag_run"].partition_key or context["params"].get("day")


def _report(lineage: Lineage, context: Context) -> None:
    collector = get_hook_lineage_collector()
    for address in lineage.read:
        collector.add_input_asset(context["task"], uri=quote(address, safe=SAFE))
    for address in lineage.written:
        collector.add_output_asset(context["task"], uri=quote(address, safe=SAFE))
