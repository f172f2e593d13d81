"""Supervisord: keeps the services running; spoken to over a private unix socket."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.catalogue import Service, services
from counterfeit_ml.stack.credentials import workers_of, write_private
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.stragglers import SERVICE_MARKER, STATE_MARKER, SUPERVISOR

START_TIMEOUT_SECONDS = 10
STOP_TIMEOUT_SECONDS = 30
POLL_SECONDS = 0.05
# A killed service is back at once; one that dies at once is tried again ever more slowly, some
# five minutes in all (each wait is a second longer).
START_RETRIES = 24
# Airflow and PostgreSQL finish what they do; then they are killed.
GRACE_SECONDS = 12
LOG_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True)
class Process:
    """What supervisord knows of a service."""

    state: str
    pid: int
    started: float

    @property
    def wanted(self) -> bool:
        """Whether it runs or is about to."""
        return self.state in ("RUNNING", "STARTING", "BACKOFF")

    @property
    def stopped(self) -> bool:
        """Whether no process is left of it."""
        return self.state in ("STOPPED", "EXITED", "FATAL")


class Supervisor:
    """One stack's supervisord."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders

    def runs(self) -> bool:
        """Whether it answers."""
        try:
            self._call("getState")
        except StackError:
            return False
        return True

    def start(self) -> None:
        """Start it in the background; raises ``StackError``."""
        self.folders.socket.unlink(missing_ok=True)
        write_private(
            self.folders.supervisor_config,
            configuration(self.folders, workers_of(self.folders.env_file)),
        )
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "supervisor.supervisord", "-c", self.folders.supervisor_config],
            cwd=self.folders.work,
            env=_marked(self.folders),
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )
        log = self.folders.logs / "supervisord.log"
        if done.returncode:
            raise StackError(f"supervisord does not start: {done.stderr.strip() or log}")
        _until(self.runs, START_TIMEOUT_SECONDS, f"supervisord does not answer; see {log}")

    def names(self) -> set[str]:
        """The services that it was started for."""
        return {info["name"] for info in self._call("getAllProcessInfo")}

    def process(self, name: str) -> Process:
        """The state of one service."""
        info = self._call("getProcessInfo", name)
        return Process(info["statename"], info["pid"], info["start"])

    def start_service(self, name: str) -> bool:
        """Start one service unless it runs already; whether it was. Does not wait for it."""
        if self.process(name).state == "STOPPING":
            self._wait_stopped([name])
        if self.process(name).wanted:
            return False
        self._call("startProcess", name, False)
        return True

    def stop_services(self, names: list[str]) -> None:
        """Stop services together, and wait until their processes are gone."""
        for name in names:
            if not self.process(name).stopped:
                self._call("stopProcess", name, False)
        self._wait_stopped(names)

    def shut_down(self) -> None:
        """End supervisord itself."""
        self._call("shutdown")
        _until(lambda: not self.runs(), STOP_TIMEOUT_SECONDS, "supervisord does not end")

    def _wait_stopped(self, names: list[str]) -> None:
        _until(
            lambda: all(self.process(name).stopped for name in names),
            STOP_TIMEOUT_SECONDS,
            f"{', '.join(names)} cannot be stopped",
        )

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self.folders.socket}")
        try:
            with ServerProxy("http://localhost", transport=transport) as server:
                return getattr(server.supervisor, method)(*arguments)
        except (OSError, HTTPException, Fault) as error:
            raise StackError(f"supervisord does not do {method}{arguments}: {error}") from error


def configuration(folders: Folders, workers: int = 0) -> str:
    """The text of ``supervisord.conf``."""
    logs = _escaped(str(folders.logs))
    return "\n".join(
        (
            "[unix_http_server]",
            f"file={_escaped(str(folders.socket))}",
            "chmod=0700",
            "[supervisord]",
            f"logfile={logs}/supervisord.log",
            f"pidfile={_escaped(str(folders.supervisor_pid))}",
            f"childlogdir={logs}",
            f"directory={_escaped(str(folders.work))}",
            "umask=077",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            *(_program(one, logs) for one in services(workers).values()),
            "",
        )
    )


def _program(service: Service, logs: str) -> str:
    command = shlex.join((sys.executable, "-m", "counterfeit_ml.stack.service", service.name))
    # PostgreSQL's own processes are told by their parent; the others take the signal as a group.
    together = service.stop_signal == "TERM"
    return "\n".join(
        (
            f"[program:{service.name}]",
            f"command={_escaped(command)}",
            "autostart=false",
            "autorestart=true",
            f"startretries={START_RETRIES}",
            f"stopsignal={service.stop_signal}",
            f"stopasgroup={str(together).lower()}",
            "killasgroup=true",
            f"stopwaitsecs={GRACE_SECONDS}",
            "redirect_stderr=true",
            f"stdout_logfile={logs}/{service.name}.log",
            f"stdout_logfile_maxbytes={LOG_BYTES}",
            "stdout_logfile_backups=1",
        )
    )


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _marked(folders: Folders) -> dict[str, str]:
    return {
        **os.environ,
        STATE_MARKER: str(folders.state),
        SERVICE_MARKER: SUPERVISOR,
    }


def _until(met: Callable[[], bool], seconds: float, complaint: str) -> None:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise StackError(f"{complaint} (waited {seconds} s).")
        time.sleep(POLL_SECONDS)
