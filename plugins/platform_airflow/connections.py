"""The platform's settings as a data engineer sees them: Admin > Connections."""

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from counterfeit_ml.errors import ConfigError
from counterfeit_ml.settings import Settings

MEND = "set it in Admin > Connections, or let `counterfeit up` set that of the embedded stack."


def settings() -> Settings:
    """Settings from the connections ``lake`` (aws), ``warehouse`` (postgres), ``mlflow`` (http).

    Raises ``ConfigError`` where one is missing or wrong.
    """
    lake, warehouse, mlflow = map(_connection, ("lake", "warehouse", "mlflow"))
    extra = lake.extra_dejson
    try:
        endpoint, bucket = extra["endpoint_url"], extra["service_config"]["s3"]["bucket_name"]
    except (KeyError, TypeError) as error:
        raise ConfigError(
            "The connection `lake` has no endpoint_url or no service_config.s3.bucket_name in its "
            f"extra: {MEND}"
        ) from error
    return Settings.load(
        lake_endpoint=endpoint,
        lake_access_key=lake.login,
        lake_secret_key=lake.password,
        lake_bucket=bucket,
        warehouse_uri=warehouse.get_uri().replace("postgres://", "postgresql://", 1),
        mlflow_uri=_address(mlflow),
        mlflow_username=mlflow.login,
        mlflow_password=mlflow.password,
    )


def _address(connection: Connection) -> str:
    port = "" if connection.port is None else f":{connection.port}"
    return f"{connection.schema or 'http'}://{connection.host}{port}"


def _connection(name: str) -> Connection:
    try:
        return BaseHook.get_connection(name)
    except AirflowNotFoundException as error:
        raise ConfigError(f"There is no connection `{name}`: {MEND}") from error
