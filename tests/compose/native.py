"""Starts a service of docker-compose.yaml without an engine, by the words that stand there.

Only what containers have to themselves is translated: a name in the network, a port, a folder.
"""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import psutil

from counterfeit_ml.settings import ROOT
from counterfeit_ml.stack import broker, postgres
from counterfeit_ml.stack.ports import USUAL_PORTS
from counterfeit_ml.stack.stack import Stack

BUSY_STOP_SECONDS = 30
# What an image starts before the command: that of PostgreSQL makes its data directory first.
ENTRY_POINTS = {"seaweedfs": ["weed"]}


@dataclass
class Machine:
    """Where the containers of one deployment would run: its folders, ports and programs."""

    stack: Stack
    services: dict[str, Any]

    @property
    def folder(self) -> Path:
        """In which each service has a folder of its own."""
        return self.stack.folders.state / "containers"

    def translate(self, words: str, service: str) -> str:
        """``words`` with the addresses and folders of this machine."""
        ports = {str(usual): getattr(self.stack.own, name) for name, usual in USUAL_PORTS.items()}
        folders = {
            "/opt/counterfeit": ROOT,
            "/var/lib/counterfeit": self.folder / "volumes",
            "/data": self.folder / service / "data",
            "/tmp": self.folder / service / "tmp",  # noqa: S108 - the container's
        }
        hosts = "|".join(self.services)
        words = re.sub(rf"\b({hosts})(?=:\d+\b)|\b0\.0\.0\.0\b", "127.0.0.1", words)
        words = re.sub(rf"\b({'|'.join(ports)})\b", lambda found: str(ports[found[0]]), words)
        return re.sub(
            rf"(?<![\w/])({'|'.join(folders)})\b", lambda found: str(folders[found[0]]), words
        )

    def path(self) -> str:
        """Our image's programs, and those of the other images."""
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        valkey, *_ = broker.BINARIES.glob("*/valkey-server")
        client = which("redis-cli")
        assert client, "install Debian's redis-tools: its redis-cli stands in for valkey-cli"
        for name, target in (("valkey-server", valkey), ("valkey-cli", client)):
            if not (programs / name).exists():
                (programs / name).symlink_to(target)
        own = (programs, Path(sys.executable).parent, self.stack.folders.postgres_binaries)
        return os.pathsep.join([*map(str, own), os.environ["PATH"]])

    def image_environment(self) -> dict[str, str]:
        """What the Dockerfile sets for every process, but for its own PATH."""
        text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
        (line,) = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
        return {name: value for name, value in re.findall(r"(\w+)=(\S+)", line) if name != "PATH"}


@dataclass
class Container:
    """One service as a process and its children."""

    machine: Machine
    name: str
    process: subprocess.Popen[bytes] | None = None
    seen: set[psutil.Process] = field(default_factory=set)
    said: str = ""

    @property
    def spec(self) -> dict[str, Any]:
        """What the file says of it."""
        spec: dict[str, Any] = self.machine.services[self.name]
        return spec

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.machine.folder / f"{self.name}.log"

    def environment(self) -> dict[str, str]:
        """The image's and the file's."""
        ours = self.machine.image_environment() if "build" in self.spec else {}
        given = {**ours, **(self.spec.get("environment") or {})}
        translated = {key: self.machine.translate(given[key], self.name) for key in given}
        return {"PATH": self.machine.path(), **translated}

    def start(self) -> None:
        """Start it as its image would."""
        for folder in ("tmp", "data", "work"):
            (self.machine.folder / self.name / folder).mkdir(parents=True, exist_ok=True)
        command, environment = self._command(), self.environment()
        prepare = None
        if self.name == "postgres":
            # What the entry point of its image does, as which user, and where.
            postgres.initialise(self.machine.stack)
            environment["PGDATA"] = str(self.machine.stack.folders.postgres_data)
            prepare = postgres.drop_privileges
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=self.machine.folder / self.name / "work",
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=prepare,
            )

    def succeeds(self) -> bool:
        """Whether it ended well; raises where it did not."""
        assert self.process
        code = self.process.poll()
        assert code in (None, 0), self.tail()
        return code == 0

    def await_health(self, seconds: float = 120) -> None:
        """Return when it is healthy; what it logged is in the message where it does not get so."""
        end = time.monotonic() + seconds
        while not self.is_healthy():
            assert self.process
            alive = self.process.poll() is None and time.monotonic() < end
            assert alive, f"{self.tail()}\nits check: {self.said}"
            time.sleep(0.5)

    def is_healthy(self) -> bool:
        """Whether its health check succeeds."""
        kind, *test = self.spec["healthcheck"]["test"]
        assert kind == "CMD"
        done = subprocess.run(
            self._translated(test),
            env=self.environment(),
            capture_output=True,
            timeout=30,
            check=False,
        )
        self.said = (done.stdout + done.stderr).decode("utf-8", "replace")[-1000:]
        return done.returncode == 0

    def tree(self) -> list[psutil.Process]:
        """Its processes that live."""
        assert self.process
        if self.process.poll() is None:
            main = psutil.Process(self.process.pid)
            self.seen |= {main, *main.children(recursive=True)}
        return [one for one in self.seen if _lives(one)]

    def memory(self) -> int:
        """Bytes, what its processes share counted once."""
        found = [one.memory_info() for one in self.tree()]
        return sum(one.rss - one.shared for one in found) + max(one.shared for one in found)

    def stop(self) -> None:
        """Tell it to stop as an engine does, and kill what is left."""
        if self.process is None:
            return
        tree = self.tree()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if self.name == "postgres" else signal.SIGTERM)
        psutil.wait_procs(tree, timeout=BUSY_STOP_SECONDS)
        for one in filter(_lives, tree):
            one.kill()
        self.process.wait(BUSY_STOP_SECONDS)

    def tail(self) -> str:
        """The end of its log."""
        return f"{self.name}:\n" + self.log.read_text("utf-8", "replace")[-3000:]

    def _command(self) -> list[str]:
        return ENTRY_POINTS.get(self.name, []) + self._translated(self.spec["command"])

    def _translated(self, words: list[str]) -> list[str]:
        # `config` doubles each dollar again, so that its output may be read in turn.
        return [self.machine.translate(word.replace("$$", "$"), self.name) for word in words]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_in_order(containers: dict[str, Container], seconds: float = 480) -> list[str]:
    """Start each as soon as those it depends on are as it wants them; the order taken."""
    end, waiting, order = time.monotonic() + seconds, list(containers), []
    while waiting:
        for name in [one for one in waiting if _may_start(one, containers)]:
            containers[name].start()
            order.append(name)
            waiting.remove(name)
        assert time.monotonic() < end, "\n".join(containers[name].tail() for name in order)
        time.sleep(0.5)
    return order


def _may_start(name: str, containers: dict[str, Container]) -> bool:
    conditions = containers[name].spec.get("depends_on", {})
    return all(_is_met(containers[on], one["condition"]) for on, one in conditions.items())


def _is_met(container: Container, condition: str) -> bool:
    if container.process is None:
        return False
    if condition == "service_completed_successfully":
        return container.succeeds()
    assert condition == "service_healthy"
    return container.is_healthy()
