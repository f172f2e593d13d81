"""Where the platform's services are and how to log in: the only reader of the environment.

Each field is set by the environment variable ``COUNTERFEIT_<FIELD>`` or, behind that, by the file
``platform.env`` which ``counterfeit up`` writes (mode 0600) for the embedded stack. Airflow tasks
build the same object from the connections ``lake``, ``warehouse`` and ``mlflow`` instead.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfeit_ml.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
STATE_DIR = Path(os.environ.get("COUNTERFEIT_STATE_DIR", ROOT / ".counterfeit")).resolve()
ENV_FILE = STATE_DIR / "platform.env"


class EnvFileSettings(BaseSettings):
    """Settings read from the environment first, then from ``platform.env``."""

    model_config = SettingsConfigDict(
        env_prefix="COUNTERFEIT_",
        env_file=ENV_FILE,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    @classmethod
    def load(cls, **given: Any) -> Self:
        """Read the settings not ``given``; ``ConfigError`` names each that is missing or wrong."""
        try:
            return cls(**given)
        except ValidationError as error:
            faults = "; ".join(
                f"COUNTERFEIT_{str(fault['loc'][0]).upper()}: "
                f"{fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors()
            )
            raise ConfigError(
                f"{faults}. Start the embedded stack with `make up`, or set these variables "
                f"(looked in the environment and in {ENV_FILE})."
            ) from None


def _service_url(text: str) -> str:
    """``text``, if it is the address of a web service. The messages never quote it."""
    if not _has_host(text, ("http", "https")):
        raise ValueError("is no address such as http://127.0.0.1:9000")
    if "@" in urlsplit(text).netloc:
        raise ValueError("must not hold a login: addresses are logged")
    return text


def _database_uri(secret: SecretStr) -> SecretStr:
    """``secret``, if it is the URI of a PostgreSQL database. The messages never quote it."""
    if not _has_host(secret.get_secret_value(), ("postgresql", "postgres")):
        raise ValueError(
            "is no URI such as postgresql://user:password@host:5432/database (is a special "
            "character of the password not percent-encoded?)"
        )
    return secret


def _has_host(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        address = urlsplit(text)
        return address.scheme in schemes and bool(address.hostname) and address.port != 0
    except ValueError:  # of the port
        return False


ServiceUrl = Annotated[str, AfterValidator(_service_url)]
DatabaseUri = Annotated[SecretStr, AfterValidator(_database_uri)]


class ConfigSettings(EnvFileSettings):
    """What needs no service: where the business's decisions are, for Airflow parsing a DAG."""

    sample_marketplace_url: str = "http://127.0.0.1:8765/"
    config_dir: Path = ROOT / "config"
    cache_dir: Path = STATE_DIR / "cache"


class Settings(ConfigSettings):
    """What the five stages need to reach the lake, the warehouse and MLflow."""

    lake_endpoint: ServiceUrl = Field(description="URL of the S3 service")
    lake_access_key: str
    lake_secret_key: SecretStr
    lake_bucket: str = "counterfeit"
    warehouse_uri: DatabaseUri = Field(description="postgresql:// URI of the writing role")
    mlflow_uri: ServiceUrl = Field(description="URL of the MLflow tracking server")
    mlflow_username: str
    mlflow_password: SecretStr
    expectations_dir: Path = ROOT / "expectations"
