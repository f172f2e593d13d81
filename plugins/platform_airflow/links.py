"""Buttons on tasks that lead to MLflow and to Data Docs."""

import os

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.types import TaskInstanceKey


class MLflowLink(BaseOperatorLink):
    """From retraining to the runs of the logo classifier."""

    name = "MLflow"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The experiments page, for the DAG that trains."""
        if ti_key.dag_id != "retrain_logo_model":
            return ""
        return f"{os.environ['MLFLOW_TRACKING_URI']}/#/experiments"


class DataDocsLink(BaseOperatorLink):
    """From a validating task to what it found."""

    name = "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The index of Data Docs, for tasks that validate."""
        return "/data-docs/index.html" if ti_key.task_id.startswith("validate_") else ""
