"""What reaches the person on call: alerts, log lines, and metrics, from a real scheduler."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import psycopg
import pytest

from counterfeit_ml.stack.alerts import recent_alerts
from counterfeit_ml.stack.folders import Folders
from tests.dags.asking import Airflow
from tests.dags.test_ingestion_runs import write_feed
from tests.stacks import superuser
from tests.waiting import until

DAY = "2002-01-01"
PASSED = "UPDATE deadline SET deadline_time = now() WHERE NOT missed AND dagrun_id = {run}"
OF_RUN = "(SELECT id FROM dag_run WHERE run_id = %s)"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def airflow(stack) -> Iterator[Airflow]:
    """Where nothing is scored: it takes long, and nobody here asks for it."""
    airflow = Airflow(stack.stack)
    until(lambda: {"check_freshness", "ingest_listings"} <= airflow.dag_ids())
    with airflow.paused("score_listings"):
        yield airflow


@pytest.fixture
def pager(airflow) -> Iterator[list[dict[str, Any]]]:
    """What a chat service is sent, by the connection ``alerts``."""
    sent: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        airflow.connect("alerts", f"http://127.0.0.1:{server.server_address[1]}/hook")
        yield sent
        airflow.disconnect("alerts")
        server.shutdown()


def alert_of(stack, run) -> dict[str, Any] | None:
    alerts = recent_alerts(Folders(stack.state))
    return next((alert for alert in alerts if alert["run_id"] == run.run_id), None)


def test_a_day_that_is_not_there_in_the_morning_alerts_with_its_runbook(airflow, stack, pager):
    run = airflow.trigger("check_freshness", {}, DAY)
    assert airflow.ended(run) == "failed"
    alert = until(lambda: alert_of(stack, run))
    assert (alert["dag_id"], alert["day"], alert["what"]) == ("check_freshness", DAY, "failed")
    assert alert["runbook"] == "docs/runbooks/check_freshness.md"
    assert f"check_freshness {DAY} failed: see docs/runbooks/check_freshness.md" in " ".join(
        stack.counterfeit("status").stdout.split()
    )
    (sent,) = until(lambda: pager)
    assert sent["text"].startswith(f"check_freshness of {DAY} failed: see docs/runbooks/")
    (failed,) = [task for task in airflow.tasks(run) if task["state"] == "failed"]
    log = "\n".join(airflow.log_tail(run, failed, lines=100))
    assert f"{DAY} is not ingested yet, so analysts see the flags of an earlier day" in log


def test_an_alert_that_nobody_takes_is_written_down_all_the_same(airflow, stack, unused_port):
    airflow.connect("alerts", f"http://127.0.0.1:{unused_port}/hook")
    try:
        run = airflow.trigger("check_freshness", {}, "2002-01-04")
        alert = until(lambda: alert_of(stack, run))
        folder = stack.state / "airflow" / "logs" / "dag_processor"
        # It is sent after it was written down: only now may the connection go.
        until(lambda: any("takes no alert" in file.read_text() for file in folder.rglob("*.log")))
    finally:
        airflow.disconnect("alerts")
    assert (alert["day"], alert["what"]) == ("2002-01-04", "failed")


def test_a_run_that_is_not_done_by_its_deadline_alerts_and_goes_on(airflow, stack, tmp_path):
    write_feed(tmp_path / "late.jsonl", "1")
    conf = {"marketplaces": ["mine"], "source": str(tmp_path / "late.jsonl"), "day": "2002-01-02"}
    slots = airflow.pools()["feeds"]
    airflow.set_slots("feeds", 0)
    try:
        run = airflow.trigger("ingest_listings", conf)
        pass_deadline(stack, run)
        alert = until(lambda: alert_of(stack, run))
    finally:
        airflow.set_slots("feeds", slots)
    assert (alert["day"], alert["what"]) == ("2002-01-02", "is late")
    assert alert["runbook"] == "docs/runbooks/ingest_listings.md"
    assert airflow.ended(run) == "success"


def pass_deadline(stack, run) -> None:
    """Let the run's deadline be now, as if hours had gone by."""
    statement = PASSED.format(run=OF_RUN).encode()
    with psycopg.connect(superuser(stack.stack, "airflow"), autocommit=True) as connection:
        until(lambda: connection.execute(statement, [run.run_id]).rowcount)


def test_each_line_of_ours_says_day_and_run_and_figures_are_sent(
    airflow, stack, collector, tmp_path
):
    write_feed(tmp_path / "told.jsonl", "1", "2", "3")
    conf = {"marketplaces": ["told"], "source": str(tmp_path / "told.jsonl"), "day": "2002-01-03"}
    run = airflow.trigger("ingest_listings", conf)
    assert airflow.ended(run) == "success"
    folder = stack.state / "airflow" / "logs" / "dag_id=ingest_listings" / f"run_id={run.run_id}"
    lines = [json.loads(line) for file in folder.rglob("*.log") for line in file.open()]
    ours = [line for line in lines if line["logger"].startswith("counterfeit_ml")]
    assert ours
    said = {(line.get("ds"), line.get("run_id"), line.get("dag_id")) for line in ours}
    assert said == {("2002-01-03", run.run_id, "ingest_listings")}
    name = "airflow.counterfeit.ingest_marketplace.listed"
    assert until(lambda: collector.gauge(name, marketplace="told")) == 3
    assert any(name.startswith("airflow.pool.") for name, _ in collector.gauges)
