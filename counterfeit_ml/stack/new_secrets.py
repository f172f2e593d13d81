"""Makes the platform's passwords; as a program it writes the environment file for containers.

``make compose-env`` runs it with the standard library alone, for whoever has containers needs no
virtual environment beside them.
"""

import base64
import os
import re
import secrets
import sys

PREFIX = "COUNTERFEIT_"
PASSWORDS = (
    "airflow_admin_password",
    "airflow_database_password",
    "airflow_jwt_secret",
    "airflow_session_secret",
    "bi_reader_password",
    "broker_password",
    "lake_access_key",
    "lake_secret_key",
    "mlflow_database_password",
    "mlflow_password",
    "mlflow_session_secret",
    "platform_password",
    "postgres_password",
)
# Hexadecimal, because they stand inside of addresses, JSON and shell words.
PASSWORD_BYTES = 24
FERNET_BYTES = 32  # https://github.com/fernet/spec/blob/master/Spec.md, "Key Format"
# One a core beside everything else on the machine of two cores that was measured.
WORKERS = "2"


def new_secrets() -> dict[str, str]:
    """A new password for each name (lower case, no prefix)."""
    fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(FERNET_BYTES)).decode()
    passwords = {name: secrets.token_hex(PASSWORD_BYTES) for name in PASSWORDS}
    return {**passwords, "airflow_fernet_key": fernet_key}


def complete(path: str) -> list[str]:
    """Add to the file, mode 0600, what is not in it yet; the names added. Nothing is replaced."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        known = file.read()
        wanted = {**new_secrets(), "workers": WORKERS}
        variables = {PREFIX + name.upper(): value for name, value in sorted(wanted.items())}
        missing = [name for name in variables if not re.search(f"^{name}=", known, re.MULTILINE)]
        file.write("" if known.endswith("\n") or not known else "\n")
        file.writelines(f"{name}={variables[name]}\n" for name in missing)
    return missing


def main(path: str) -> None:
    """Write the file and say what was added to it, never a value."""
    added = complete(path)
    what = f"added {', '.join(added)}" if added else "nothing was missing"
    sys.stdout.write(
        f"{path}: {what}. Keep this file: the data cannot be opened without its passwords.\n"
    )


if __name__ == "__main__":
    main(sys.argv[1])
