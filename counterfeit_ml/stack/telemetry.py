"""Where Airflow sends lineage and metrics, its own and ours.

A collector is named as everywhere, by the environment in which ``counterfeit up`` is called:
``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``…_METRICS_ENDPOINT``) for metrics, ``OPENLINEAGE_URL`` for
lineage. Without one lineage goes to a file, and metrics to nobody.
"""

import json
import os
from pathlib import Path

COLLECTOR = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
LINEAGE_FILE = "openlineage.jsonl"
# A task that joins a hundred marketplaces over weeks reads thousands of partitions.
ADDRESSES = 10_000
SOURCELESS = {"include_source_code": False}


def environment(airflow_home: Path) -> dict[str, str]:
    """Airflow's settings for both."""
    own = {
        "OPENLINEAGE__NAMESPACE": "counterfeit",
        "OPENLINEAGE__EMISSION_POLICY": json.dumps([{"scope": {}, "controls": SOURCELESS}]),
        # Else it forks, which a task that has loaded TensorFlow may not survive.
        "OPENLINEAGE__EXECUTE_IN_THREAD": "True",
        "LINEAGE__MAX_ASSETS_PER_COLLECTOR": str(ADDRESSES),
        "METRICS__OTEL_ON": str(any(name in os.environ for name in COLLECTOR)),
    }
    if "OPENLINEAGE_URL" not in os.environ:
        own["OPENLINEAGE__TRANSPORT"] = _file(airflow_home / "logs" / LINEAGE_FILE)
    return {f"AIRFLOW__{name}": value for name, value in own.items()}


def _file(path: Path) -> str:
    return json.dumps({"type": "file", "log_file_path": str(path), "append": True})
