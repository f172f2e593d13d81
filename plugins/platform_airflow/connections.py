"""The platform's settings as a data engineer sees them: Admin > Connections."""

from airflow.sdk import BaseHook

from counterfeit_ml.settings import Settings


def settings() -> Settings:
    """Settings from the connections ``lake`` (aws) and ``warehouse`` (postgres)."""
    lake, warehouse = BaseHook.get_connection("lake"), BaseHook.get_connection("warehouse")
    return Settings.load(
        lake_endpoint=lake.extra_dejson["endpoint_url"],
        lake_access_key=lake.login,
        lake_secret_key=lake.password,
        lake_bucket=lake.extra_dejson["service_config"]["s3"]["bucket_name"],
        warehouse_uri=warehouse.get_uri().replace("postgres://", "postgresql://", 1),
    )
