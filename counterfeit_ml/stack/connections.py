"""The connections of Airflow's tasks; as a program it prints them for Airflow to import."""

import json
import sys
from typing import Any
from urllib.parse import urlsplit

from counterfeit_ml.settings import Settings

REGION = "us-east-1"


def connections(settings: Settings) -> dict[str, dict[str, Any]]:
    """``lake``, ``warehouse`` and ``mlflow``, with the fields of Airflow's connections."""
    return {"lake": _lake(settings), "warehouse": _warehouse(settings), "mlflow": _mlflow(settings)}


def _lake(settings: Settings) -> dict[str, Any]:
    extra = {
        "endpoint_url": settings.lake_endpoint,
        "region_name": REGION,
        "service_config": {"s3": {"bucket_name": settings.lake_bucket}},
    }
    return {
        "conn_type": "aws",
        "description": "The lake: S3 bucket with listings, pictures, scores and Data Docs.",
        "login": settings.lake_access_key,
        "password": settings.lake_secret_key.get_secret_value(),
        "extra": json.dumps(extra),
    }


def _warehouse(settings: Settings) -> dict[str, Any]:
    uri = urlsplit(settings.warehouse_uri.get_secret_value())
    return {
        "conn_type": "postgres",
        "description": "The warehouse: PostgreSQL with flagged listings, the writing role.",
        "host": uri.hostname,
        "port": uri.port,
        "login": uri.username,
        "password": uri.password,
        "schema": uri.path.lstrip("/"),
    }


def _mlflow(settings: Settings) -> dict[str, Any]:
    uri = urlsplit(settings.mlflow_uri)
    return {
        "conn_type": "http",
        "description": "MLflow: runs, and the versions of the logo model.",
        "host": uri.hostname,
        "port": uri.port,
        "schema": uri.scheme,
        "login": settings.mlflow_username,
        "password": settings.mlflow_password.get_secret_value(),
    }


def main() -> None:
    """Print them as JSON, by name."""
    json.dump(connections(Settings.load()), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
