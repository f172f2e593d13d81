"""Where the platform's services are and how to log in: the only reader of the environment.

Each field is set by the environment variable ``COUNTERFEIT_<FIELD>`` or, behind that, by the file
``platform.env`` which ``counterfeit up`` writes (mode 0600) for the embedded stack. Airflow tasks
build the same object from the connections ``lake`` and ``warehouse`` instead.
"""

import os
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError
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
    def load(cls) -> Self:
        """Read the settings; ``ConfigError`` names each one that is missing or wrong."""
        try:
            return cls()
        except ValidationError as error:
            faults = "; ".join(
                f"COUNTERFEIT_{str(fault['loc'][0]).upper()}: {fault['msg']}"
                for fault in error.errors()
            )
            raise ConfigError(
                f"{faults}. Start the embedded stack with `make up`, or set these variables "
                f"(looked in the environment and in {ENV_FILE})."
            ) from None


class Settings(EnvFileSettings):
    """What the five stages need to reach the lake, the warehouse and MLflow."""

    lake_endpoint: str = Field(description="URL of the S3 service")
    lake_access_key: str
    lake_secret_key: SecretStr
    lake_bucket: str = "counterfeit"
    warehouse_uri: SecretStr = Field(description="postgresql:// URI of the writing role")
    mlflow_uri: str = Field(description="URL of the MLflow tracking server")
    sample_marketplace_url: str = "http://127.0.0.1:8765/"
    config_dir: Path = ROOT / "config"
    expectations_dir: Path = ROOT / "expectations"
    cache_dir: Path = STATE_DIR / "cache"
