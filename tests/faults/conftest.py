import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from tests.faults.ground import Ground
from tests.faults.table import OUTCOMES, show
from tests.stacks import CommandLine

DISK_BYTES = 3 * 1024**3


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OUTCOMES] = {}


def pytest_terminal_summary(config: pytest.Config) -> None:
    show(config.stash[OUTCOMES])


@pytest.fixture(scope="session")
def disk(own_folder: Path) -> Iterator[Path]:
    """Holds all that the stack keeps; where we may mount one, a small disk of its own."""
    folder = own_folder / "disk"
    folder.mkdir(mode=0o711)
    if os.geteuid():
        yield folder
        return
    options = f"size={DISK_BYTES},mode=0711"
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["/bin/umount", "--lazy", folder], check=True)


@pytest.fixture(scope="session")
def ground(
    disk: Path, own_folder: Path, command_line: Callable[..., CommandLine]
) -> Iterator[Ground]:
    """A stack on the small disk, with a champion and one undisturbed day behind it."""
    line = command_line(disk / "state")
    scratch = disk / "tmp"
    scratch.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        try:
            line.up()
            file = line.state / "platform.env"
            settings = Settings(_env_file=file, cache_dir=line.state / "cache")
            ground = Ground(line, settings, StackSettings(_env_file=file))
            ground.prepare(own_folder / "shop")
            yield ground
        finally:
            # Before the disk is gone, by which alone its processes are known.
            line.purge()
