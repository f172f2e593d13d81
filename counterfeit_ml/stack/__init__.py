"""The embedded stack: S3, PostgreSQL, MLflow, Airflow and the sample marketplace on one machine.

Supervisord keeps the services; ``platform.env`` in the state folder holds their ports and
generated credentials.
"""

from counterfeit_ml.stack.catalogue import LIGHT
from counterfeit_ml.stack.lifecycle import down, up
from counterfeit_ml.stack.login import is_up, run_airflow, run_psql, show_login
from counterfeit_ml.stack.report import show_log, show_status
from counterfeit_ml.stack.settings import AIRFLOW_USER, StackSettings

__all__ = [
    "AIRFLOW_USER",
    "LIGHT",
    "StackSettings",
    "down",
    "is_up",
    "run_airflow",
    "run_psql",
    "show_log",
    "show_login",
    "show_status",
    "up",
]
