"""MLflow: its command, and the login that it asks of everybody."""

import sys

from counterfeit_ml.stack import seaweedfs
from counterfeit_ml.stack.credentials import write_private
from counterfeit_ml.stack.settings import HOST
from counterfeit_ml.stack.stack import Stack

# A password is derived anew for each request unless it is remembered: half a training's requests.
REMEMBERED_SECONDS = 600


def prepare(stack: Stack) -> None:
    """Write the configuration of its login, which has the database's password in it."""
    write_private(stack.folders.mlflow / "basic_auth.ini", _configuration(stack))


def command(stack: Stack) -> list[str]:
    """MLflow on the loopback port alone, for those with the password."""
    return [
        *(sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth"),
        *("--host", HOST, "--port", str(stack.own.mlflow_port), "--workers", "1"),
        *("--serve-artifacts", "--artifacts-destination"),
        f"s3://{stack.settings.lake_bucket}/mlflow",
    ]


def environment(stack: Stack) -> dict[str, str]:
    """Its database, the lake's keys, and whom it lets in."""
    own, settings = stack.own, stack.settings
    return {
        **seaweedfs.environment(stack),
        "AWS_DEFAULT_REGION": "us-east-1",
        "MLFLOW_S3_ENDPOINT_URL": settings.lake_endpoint,
        "MLFLOW_BACKEND_STORE_URI": _database(stack),
        "MLFLOW_AUTH_CONFIG_PATH": str(stack.folders.mlflow / "basic_auth.ini"),
        "MLFLOW_AUTH_ADMIN_USERNAME": settings.mlflow_username,
        "MLFLOW_AUTH_ADMIN_PASSWORD": settings.mlflow_password.get_secret_value(),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": own.mlflow_session_secret.get_secret_value(),
        # A route that nobody thought of asks for a login too.
        "MLFLOW_BASIC_AUTH_FAIL_CLOSED": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Jobs judge language models, of which there are none; they cost four processes.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def _configuration(stack: Stack) -> str:
    options = {
        "database_uri": _database(stack),
        "default_permission": "READ",
        "auth_cache_ttl_seconds": REMEMBERED_SECONDS,
    }
    return "".join(("[mlflow]\n", *(f"{name} = {value}\n" for name, value in options.items())))


def _database(stack: Stack) -> str:
    own = stack.own
    return own.database_uri("mlflow", own.mlflow_database_password, "mlflow")
