"""The alerts that Airflow has written down, for a person at a terminal."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from counterfeit_ml.stack.folders import Folders

SHOWN = timedelta(days=1)


def recent_alerts(folders: Folders) -> list[dict[str, Any]]:
    """Those of the last day, the oldest first; see ``plugins/platform_airflow/alerts.py``."""
    file = folders.airflow / "logs" / "alerts.jsonl"
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    since = (datetime.now(UTC) - SHOWN).isoformat(timespec="seconds")
    alerts: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [alert for alert in alerts if alert["at"] >= since]
