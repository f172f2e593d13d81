"""Log lines for a collector: one object a line, which says of what it tells."""

import json
import logging
from threading import Thread

import structlog

from counterfeit_ml import logs


def test_each_line_of_a_command_says_day_and_run(services, tmp_path):
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"listing_id": "1"}\n', encoding="utf-8")
    arguments = ("ingest", "2003-01-01", "--marketplace", "logged", "--source", str(feed))
    done = services.counterfeit("--json-logs", *arguments)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert lines
    assert {line["ds"] for line in lines} == {"2003-01-01"}
    assert {line["command"] for line in lines} == {"ingest"}
    (run,) = {line["run_id"] for line in lines}
    assert run.startswith("cli__")
    assert all({"timestamp", "level", "event", "logger"} <= set(line) for line in lines)


def test_a_thread_says_what_its_starter_bound(capsys):
    root = logging.getLogger()
    handler = logging.StreamHandler()
    handler.setFormatter(logs.JSON)
    root.addHandler(handler)
    try:
        logs.bind(ds="2003-01-02")
        thread = Thread(target=logging.getLogger("counterfeit_ml.test").warning, args=["said"])
        thread.start()
        thread.join()
    finally:
        root.removeHandler(handler)
        structlog.contextvars.clear_contextvars()
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["event"], line["ds"], line["level"]) == ("said", "2003-01-02", "warning")
