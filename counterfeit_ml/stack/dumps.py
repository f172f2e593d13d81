"""Databases into files and back, by PostgreSQL's own ``pg_dump`` and ``pg_restore``."""

import os
import subprocess
from pathlib import Path

from counterfeit_ml.errors import BackupError
from counterfeit_ml.stack.settings import HOST, SUPERUSER
from counterfeit_ml.stack.stack import Stack

DATABASES = ("warehouse", "mlflow", "airflow")


def dump(stack: Stack, database: str, file: Path) -> None:
    """Write one database, as it is at one moment, to ``file``; raises ``BackupError``."""
    _run(stack, "pg_dump", "--format=custom", f"--file={file}", database)


def load(stack: Stack, file: Path) -> None:
    """Make the database that ``file`` holds, in place of one of that name.

    Owners, rights, comments and settings come along; the roles must be there. Raises
    ``BackupError``.
    """
    options = ("--create", "--clean", "--if-exists", "--exit-on-error", "--dbname=postgres")
    _run(stack, "pg_restore", *options, str(file))


def _run(stack: Stack, program: str, *arguments: str) -> None:
    # By the environment, for a command line is there for everyone to read.
    login = {
        "PGHOST": HOST,
        "PGPORT": str(stack.own.postgres_port),
        "PGUSER": SUPERUSER,
        "PGPASSWORD": stack.own.postgres_password.get_secret_value(),
    }
    done = subprocess.run(  # noqa: S603
        [str(stack.folders.postgres_binaries / program), *arguments],
        env={**os.environ, **login},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip() or "no word").splitlines()[-1]
        raise BackupError(
            f"{program} of {arguments[-1]} failed: is the disk full, or PostgreSQL away "
            f"(`counterfeit status`)? Begin again when it is mended. ({reason})"
        )
