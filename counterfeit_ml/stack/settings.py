"""Ports and generated credentials of the embedded stack, kept in ``platform.env``."""

from pydantic import SecretStr

from counterfeit_ml.settings import EnvFileSettings

HOST = "127.0.0.1"
AIRFLOW_USER = "admin"
MLFLOW_USER = "admin"
READER = "bi_reader"
SUPERUSER = "postgres"


class DatabasePasswords(EnvFileSettings):
    """Of PostgreSQL's roles."""

    postgres_password: SecretStr
    platform_password: SecretStr
    bi_reader_password: SecretStr
    airflow_database_password: SecretStr
    mlflow_database_password: SecretStr


class StackSettings(DatabasePasswords):
    """What only the embedded stack itself, its tests and the demo need."""

    s3_port: int
    s3_master_port: int
    s3_volume_port: int
    s3_filer_port: int
    s3_admin_port: int
    postgres_port: int
    mlflow_port: int
    airflow_port: int
    marketplace_port: int
    broker_port: int
    mlflow_session_secret: SecretStr
    airflow_admin_password: SecretStr
    airflow_jwt_secret: SecretStr
    airflow_session_secret: SecretStr
    airflow_fernet_key: SecretStr
    broker_password: SecretStr
    workers: int = 0
    """Celery workers; without any Airflow runs its tasks beside its scheduler."""

    @property
    def airflow_url(self) -> str:
        """Where a browser finds Airflow; log in as ``AIRFLOW_USER``."""
        return f"http://{HOST}:{self.airflow_port}"

    @property
    def broker_uri(self) -> str:
        """``redis://`` URI of the queue that the Celery workers share."""
        return f"redis://:{self.broker_password.get_secret_value()}@{HOST}:{self.broker_port}/0"

    @property
    def bi_reader_uri(self) -> str:
        """URI of the role that may only read the warehouse."""
        return self.database_uri(READER, self.bi_reader_password, "warehouse")

    def database_uri(self, role: str, password: SecretStr, database: str) -> str:
        """``postgresql://`` URI of one database as one role."""
        secret = password.get_secret_value()
        return f"postgresql://{role}:{secret}@{HOST}:{self.postgres_port}/{database}"
