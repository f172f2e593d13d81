"""A stack of its own, below a folder that only its user may enter and with too long a path."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.credentials import read_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.neighbours import alone_among_stacks
from counterfeit_ml.stack.ports import USUAL_PORTS
from counterfeit_ml.stack.stragglers import stragglers
from tests.stacks import UP_LIGHT

UP_STORAGE = UP_LIGHT.replace("LIGHT)", "LIGHT[:2])")


@pytest.fixture(scope="module")
def own(command_line):
    with tempfile.TemporaryDirectory(prefix="counterfeit-test-") as parent:
        line = command_line(Path(parent, *["a-folder-with-a-long-name"] * 4))
        yield line
        line.counterfeit("down", "--purge")


def test_up_interrupted_twice_leaves_no_process(own):
    command = [sys.executable, "-c", UP_LIGHT]
    with subprocess.Popen(command, env=own.env, stdout=subprocess.PIPE, text=True) as process:
        assert "ready" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        told = next(line for line in process.stdout if "interrupted" in line)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert told == "interrupted: stopping what was started\n"
    assert stragglers(Folders(own.state)) == []


def test_up_after_an_interrupted_one_works(own):
    done = own.up_light()
    assert done.returncode == 0, done.stdout + done.stderr
    folders = Folders(own.state)
    assert folders.socket.is_relative_to(folders.outside)
    assert folders.postgres_data.is_relative_to(folders.outside) == (os.geteuid() == 0)


def test_down_leaves_no_process(own):
    assert own.counterfeit("down").returncode == 0
    assert stragglers(Folders(own.state)) == []


def test_what_an_older_version_wrote_can_be_taken_down(own):
    env_file = Folders(own.state).env_file
    whole = env_file.read_text()
    env_file.write_text("".join(line for line in whole.splitlines(True) if "BROKER" not in line))
    done = own.counterfeit("down")
    env_file.write_text(whole)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_port_taken_meanwhile_is_replaced(own):
    env_file = Folders(own.state).env_file
    before = int(read_credentials(env_file)["postgres_port"])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", before))
        taken.listen()
        done = own.up_light()
    assert done.returncode == 0, done.stdout + done.stderr
    after = read_credentials(env_file)
    assert int(after["postgres_port"]) != before
    assert f":{after['postgres_port']}/warehouse" in after["warehouse_uri"]


def test_purge_leaves_no_file(own):
    folders = Folders(own.state)
    assert folders.outside.exists()
    assert own.counterfeit("down", "--purge").returncode == 0
    assert stragglers(folders) == []
    assert not folders.state.exists()
    assert not folders.outside.exists()


def test_lost_credentials_are_reported_not_replaced(own):
    folders = Folders(own.state)
    folders.create()
    folders.postgres_data.mkdir()
    done = own.up_light()
    assert done.returncode == 1
    assert "is gone, and the data cannot be opened without its passwords" in done.stderr


def test_stacks_started_at_once_share_no_port(command_line, tmp_path):
    lines = [command_line(tmp_path / name) for name in ("one", "other")]
    started = [subprocess.Popen([sys.executable, "-c", UP_STORAGE], env=one.env) for one in lines]
    try:
        assert [one.wait() for one in started] == [0, 0]
        known = [read_credentials(Folders(one.state).env_file) for one in lines]
        assert len({values[name] for values in known for name in USUAL_PORTS}) == 2 * 10
    finally:
        for one in lines:
            one.counterfeit("down", "--purge")


def test_a_lock_of_somebody_elses_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("counterfeit_ml.stack.neighbours.LOCK", tmp_path / "link")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(StackError, match="cannot be opened"), alone_among_stacks():
        pass
    assert not (tmp_path / "target").exists()
