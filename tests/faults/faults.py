"""The faults. Each strikes, and those that last end by themselves in the background."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from threading import Thread

import psutil

from counterfeit_ml.stack.catalogue import DATABASE, MARKETPLACE, S3, SERVICES
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.stragglers import stragglers
from counterfeit_ml.stack.supervisor import Supervisor
from tests.stacks import CommandLine

AWAY_SECONDS = 20
SLOW_SECONDS = 30
STANDS, GOES = 0.4, 0.1
"""Seconds by turns: a service as slow as this answers in five times its time."""
CLOCK_SECONDS = 45
"""Longer than the thirty seconds of silence after which Airflow gives a task up."""
FILLER = "filler"
BLOCK_BYTES = 1024 * 1024
TASK = "airflow worker -- "


class Struck:
    """A stack to be struck; ``disk`` is the folder where a small one is mounted, if it is."""

    def __init__(self, line: CommandLine) -> None:
        self.line = line
        self.folders = Folders(line.state)
        self.supervisor = Supervisor(self.folders)
        self._later: list[Thread] = []

    def later(self, action: Callable[[], None]) -> None:
        """In the background."""
        self._later.append(Thread(target=action, daemon=True))
        self._later[-1].start()

    def over(self) -> None:
        """Wait for the end of a fault that lasts."""
        for one in self._later:
            one.join()
        self._later.clear()

    def family(self, service: str) -> list[psutil.Process]:
        """The processes of a service, its first one at the head."""
        first = psutil.Process(self.supervisor.process(service).pid)
        return [first, *first.children(recursive=True)]

    def tasks(self) -> list[psutil.Process]:
        """The processes that do a task's work, below the executor's own."""
        ours = [one for one in self.family("airflow-scheduler") if _title(one).startswith(TASK)]
        return [one for one in ours if "LocalExecutor" not in _title(one)]


def _title(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def _signal(processes: Iterable[psutil.Process], number: int) -> None:
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(number)


def kill(service: str, struck: Struck) -> None:
    os.kill(struck.supervisor.process(service).pid, signal.SIGKILL)


def kill_supervisor(struck: Struck) -> None:
    """The services lose whom they write their logs to, and die of it: a person has to see to it."""
    os.kill(int(struck.folders.supervisor_pid.read_text()), signal.SIGKILL)
    struck.line.up()


def slow(service: str, struck: Struck) -> None:
    def limp() -> None:
        end = time.monotonic() + SLOW_SECONDS
        while time.monotonic() < end:
            family = struck.family(service)
            _signal(family, signal.SIGSTOP)
            time.sleep(STANDS)
            _signal(family, signal.SIGCONT)
            time.sleep(GOES)

    struck.later(limp)


def silent(service: str, struck: Struck) -> None:
    """It takes connections and answers nothing, as a machine that is lost."""
    _stand_still(struck, struck.family(service), AWAY_SECONDS)


def refusing(service: str, struck: Struck) -> None:
    """Nothing listens on its port."""
    struck.supervisor.stop_services([service])

    def come_back() -> None:
        time.sleep(AWAY_SECONDS)
        struck.supervisor.start_service(service)

    struck.later(come_back)


def fill_disk(struck: Struck) -> None:
    filler = struck.folders.state.parent / FILLER

    def free() -> None:
        time.sleep(AWAY_SECONDS)
        filler.unlink()

    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(BLOCK_BYTES))
    struck.later(free)


def stop_clock(struck: Struck) -> None:
    """Of the worker: the process that does the task, and the one that watches and beats for it."""
    tasks = struck.tasks()
    assert tasks, "no task runs"
    watchers = {parent for one in tasks if (parent := one.parent())}
    _stand_still(struck, [*watchers, *tasks], CLOCK_SECONDS)


def kill_task(struck: Struck) -> None:
    tasks = struck.tasks()
    assert tasks, "no task runs"
    _signal(tasks, signal.SIGKILL)


def restart_machine(struck: Struck) -> None:
    while left := stragglers(struck.folders):
        _signal(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=5)
    struck.line.up()


def _stand_still(struck: Struck, processes: list[psutil.Process], seconds: float) -> None:
    _signal(processes, signal.SIGSTOP)

    def go_on() -> None:
        time.sleep(seconds)
        _signal(processes, signal.SIGCONT)

    struck.later(go_on)


DISK_FULL = "disk full"
FAULTS: dict[str, Callable[[Struck], None]] = {
    **{f"{name} killed": partial(kill, name) for name in SERVICES if name != MARKETPLACE},
    "supervisord killed": kill_supervisor,
    **{
        f"{service} {fault.__name__}": partial(fault, service)
        for service in (S3, DATABASE)
        for fault in (slow, refusing, silent)
    },
    DISK_FULL: fill_disk,
    "worker's clock stopped": stop_clock,
    "task killed": kill_task,
    "machine restarted": restart_machine,
}
