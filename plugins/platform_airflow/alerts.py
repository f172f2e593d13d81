"""What wakes somebody: a run that failed, or is not done by its deadline, and its runbook.

Each alert goes to the log, to ``alerts.jsonl`` in the folder of Airflow's logs, which
``counterfeit status`` shows, and to the connection ``alerts`` (HTTP), if there is one.
"""

import json
import logging
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseDeadlineReference, Context, DeadlineAlert, SyncCallback
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException

CONNECTION = "alerts"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    """One thing that somebody should look at; ``day`` is None of a run without one."""

    at: str
    dag_id: str
    run_id: str
    day: str | None
    what: str
    runbook: str
    url: str

    @property
    def text(self) -> str:
        """As a sentence."""
        day = f" of {self.day}" if self.day else ""
        return f"{self.dag_id}{day} {self.what}: see {self.runbook}. {self.url}"


def on_failure(context: Context) -> None:
    """Airflow calls this when a run has failed, each of its tasks having been retried."""
    run = context.get("dag_run")
    day = run and (run.partition_key or (run.conf or {}).get("day"))
    raise_alert(context["dag"].dag_id, context["run_id"], day, "failed")


def on_deadline(context: dict[str, Any]) -> None:
    """Airflow calls this when a run is not done in time; it goes on all the same."""
    run = context["dag_run"]
    day = run["partition_key"] or (run["conf"] or {}).get("day")
    raise_alert(run["dag_id"], run["dag_run_id"], day, "is late")


class RunMade(BaseDeadlineReference):
    """When the run was made, by hand or by Airflow.

    With Airflow's own ``DAGRUN_QUEUED_AT`` no task of the run can be cleared before its deadline
    (apache/airflow#70368).
    """

    def _evaluate_with(self, **_: Any) -> datetime:
        return datetime.now(UTC)


def done_within(**interval: float) -> DeadlineAlert:
    """The deadline of a run since it was made; ``interval`` is as that of ``timedelta``."""
    return DeadlineAlert(
        reference=RunMade(),
        interval=timedelta(**interval),
        callback=SyncCallback(on_deadline),
    )


def raise_alert(dag_id: str, run_id: str, day: str | None, what: str) -> None:
    """Tell everybody; who cannot be told is named in the log."""
    path = f"/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"
    alert = Alert(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        dag_id=dag_id,
        run_id=run_id,
        day=day,
        what=what,
        runbook=f"docs/runbooks/{dag_id}.md",
        url=conf.get("api", "base_url", fallback="").rstrip("/") + path,
    )
    log.error("%s", alert.text)
    _append(alert)
    _send(alert)


def _append(alert: Alert) -> None:
    """One write, so that lines of several processes do not mix."""
    file = Path(conf.get("logging", "base_log_folder")) / "alerts.jsonl"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as stream:
        stream.write(f"{json.dumps(asdict(alert))}\n".encode())


def _send(alert: Alert) -> None:
    """To the connection's address, as JSON whose ``text`` chat services show."""
    # Here, because every DAG file passes through this module.
    from airflow.providers.http.hooks.http import HttpHook

    try:
        HttpHook(http_conn_id=CONNECTION).run(json={"text": alert.text, **asdict(alert)})
    except AirflowNotFoundException:
        log.info("There is no connection %r: nobody else is told.", CONNECTION)
    # Whatever is wrong with the receiver, the alert stands in the log and in the file.
    except Exception:
        log.exception(
            "The connection %r takes no alert: mend it in Admin > Connections.", CONNECTION
        )
