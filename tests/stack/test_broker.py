"""The broker by itself, without the workers it is for."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
import redis

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings, broker
from counterfeit_ml.stack.credentials import write_credentials
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.neighbours import neighbours_ports
from counterfeit_ml.stack.ports import choose_ports
from counterfeit_ml.stack.stack import Stack
from tests.waiting import until


@pytest.fixture
def running(tmp_path) -> Iterator[Stack]:
    folders = Folders(tmp_path)
    folders.broker.mkdir()
    write_credentials(folders.env_file, choose_ports(reserved=neighbours_ports()))
    file = folders.env_file
    stack = Stack(folders, Settings(_env_file=file), StackSettings(_env_file=file))
    broker.prepare(stack)
    server = subprocess.Popen(broker.command(stack), stdout=subprocess.DEVNULL)
    until(lambda: broker.is_ready(stack))
    yield stack
    os.kill(server.pid, signal.SIGTERM)
    server.wait()


@pytest.mark.intrusion("port of the Celery workers' broker", "NOAUTH, WRONGPASS")
@pytest.mark.parametrize("password", [None, "", "guess"])
def test_it_wants_the_password(running, password):
    port = running.own.broker_port
    with redis.Redis(port=port, password=password) as client, pytest.raises(redis.RedisError):
        client.ping()
