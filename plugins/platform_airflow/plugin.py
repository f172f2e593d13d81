"""Registers the platform's pages and links with Airflow."""

from airflow.plugins_manager import AirflowPlugin

from platform_airflow import data_docs_page, drift_page, results_page, review_page
from platform_airflow.alerts import RunMade
from platform_airflow.links import DataDocsLink, MLflowLink
from platform_airflow.same_origin import SameOriginOnly


class CounterfeitPlatformPlugin(AirflowPlugin):
    """Our pages in the menu, results on each run, links on tasks that made something."""

    name = "counterfeit_platform"
    fastapi_apps = [  # noqa: RUF012
        {"app": data_docs_page.app, "url_prefix": "/data-docs", "name": "Data Docs"},
        {"app": drift_page.app, "url_prefix": "/drift", "name": "Drift"},
        {"app": review_page.app, "url_prefix": "/review", "name": "Review"},
        {"app": results_page.app, "url_prefix": "/run-results", "name": "Results"},
    ]
    fastapi_root_middlewares = [  # noqa: RUF012
        {"middleware": SameOriginOnly, "name": "Same origin only"},
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "Review",
            "href": "/review/index.html",
            "destination": "nav",
            "url_route": "review",
        },
        {
            "name": "Data Docs",
            "href": "/data-docs/index.html",
            "destination": "nav",
            "url_route": "data_docs",
        },
        {
            "name": "Drift",
            "href": "/drift/index.html",
            "destination": "nav",
            "url_route": "drift",
        },
        {
            "name": "Results",
            "href": "/run-results/index.html?dag_id={DAG_ID}&run_id={RUN_ID}",
            "destination": "dag_run",
            "url_route": "results",
        },
    ]
    global_operator_extra_links = [MLflowLink(), DataDocsLink()]  # noqa: RUF012
    deadline_references = [RunMade]  # noqa: RUF012
