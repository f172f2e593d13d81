"""Registers the platform's page and links with Airflow."""

from airflow.plugins_manager import AirflowPlugin

from platform_airflow.data_docs_page import app
from platform_airflow.links import DataDocsLink, MLflowLink


class CounterfeitPlatformPlugin(AirflowPlugin):
    """Data Docs in the menu; MLflow and Data Docs on the tasks that made something there."""

    name = "counterfeit_platform"
    fastapi_apps = [{"app": app, "url_prefix": "/data-docs", "name": "Data Docs"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Data Docs",
            "href": "/data-docs/index.html",
            "destination": "nav",
            "url_route": "data_docs",
        }
    ]
    global_operator_extra_links = [MLflowLink(), DataDocsLink()]  # noqa: RUF012
