"""A backup of warehouse, lake and registry: one folder, which is whole or not there."""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Self

from rich.console import Console

from counterfeit_ml.errors import BackupError
from counterfeit_ml.lake import Lake
from counterfeit_ml.progress import track
from counterfeit_ml.stack import dumps, objects
from counterfeit_ml.stack.catalogue import DATABASE, S3
from counterfeit_ml.stack.credentials import write_private
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.lifecycle import down, up
from counterfeit_ml.stack.stack import Stack
from counterfeit_ml.stack.supervisor import Supervisor

MANIFEST = "backup.json"
CREDENTIALS = "platform.env"


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: when it was taken, and the sha256 of each of its files."""

    taken_at: str
    objects: int
    files: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Of the backup in ``folder``, every file of which is compared with its sha256.

        Raises ``BackupError`` where it is no backup, or a damaged one.
        """
        try:
            found = cls(**json.loads((folder / MANIFEST).read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise BackupError(
                f"{folder} is no backup that `counterfeit backup` has finished: name its folder."
            ) from error
        for name, digest in track(found.files.items(), "checking", len(found.files)):
            path = folder / name
            if not path.is_file() or _digest(path) != digest:
                raise BackupError(f"{path} is damaged or gone: take another backup.")
        return found


def backup(console: Console, target: Path) -> None:
    """Write the running stack's databases, lake and credentials into the new folder ``target``.

    Raises ``BackupError``; then there is no ``target``.
    """
    target = target.absolute()
    if target.exists():
        raise BackupError(f"{target} exists already: name a new folder for the backup.")
    folders = Folders()
    if not Supervisor(folders).runs():
        raise BackupError("The stack is down: start it with `make up`, then back up.")
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        count = _write(Stack.load(folders), unfinished)
        os.rename(unfinished, target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    console.print(f"{target}: {len(dumps.DATABASES)} databases, {count:,} objects", soft_wrap=True)


def restore(console: Console, source: Path) -> None:
    """Make a stack of the backup in ``source`` where there is none; its S3 and PostgreSQL run then.

    Raises ``BackupError`` where there is one, or the backup is not whole. What fails leaves
    nothing behind.
    """
    folders, source = Folders(), source.absolute()
    if any(one.exists() for one in (folders.env_file, folders.restoring, folders.postgres_data)):
        raise BackupError(
            f"{folders.state} holds a stack: delete it with `counterfeit down --purge`, or let "
            "COUNTERFEIT_STATE_DIR name a new folder."
        )
    found = Manifest.read(source)
    folders.create()
    try:
        _load(console, folders, source)
    except BaseException:
        down(console, purge=True)
        raise
    console.print(
        f"restored as it was at {found.taken_at}, {found.objects:,} objects: `counterfeit up` "
        "starts the rest",
        soft_wrap=True,
    )


def _load(console: Console, folders: Folders, source: Path) -> None:
    write_private(folders.env_file, (source / CREDENTIALS).read_text("utf-8"))
    up(console, (S3, DATABASE))
    # From now on, and until all is there, this is no stack that anyone may bring up.
    folders.restoring.touch()
    stack = Stack.load(folders)
    for name in track(dumps.DATABASES, "databases", len(dumps.DATABASES)):
        dumps.load(stack, source / _dump_of(name))
    objects.load_objects(Lake(stack.settings), source)
    folders.restoring.unlink()


def _write(stack: Stack, folder: Path) -> int:
    """The databases before the lake: what they name in it, it has."""
    folder.mkdir(mode=0o700)
    for name in track(dumps.DATABASES, "databases", len(dumps.DATABASES)):
        dumps.dump(stack, name, folder / _dump_of(name))
    count = objects.save_objects(Lake(stack.settings), folder)
    write_private(folder / CREDENTIALS, stack.folders.env_file.read_text("utf-8"))
    digests = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    taken_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = json.dumps(asdict(Manifest(taken_at, count, digests)), indent=1)
    write_private(folder / MANIFEST, manifest)
    return count


def _dump_of(database: str) -> str:
    return f"{database}.dump"


def _digest(path: Path) -> str:
    """The file's sha256; it is on the disk then."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return file_digest(file, "sha256").hexdigest()
