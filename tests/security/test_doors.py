"""Every port and socket on which the stack listens, tried without and with wrong credentials."""

import os
import re
import socket
import stat
from functools import partial

import psutil
import pytest

from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.stragglers import stragglers
from tests.security.doors import DOORS, PUBLIC, Door
from tests.security.stranger import is_refused

pytestmark = pytest.mark.timeout(900)


KNOCKS = [
    pytest.param(
        door,
        id=f"{door.port}+{door.offset}",
        marks=pytest.mark.intrusion(f"port of {door.what}", door.refused),
    )
    for door in DOORS
]


@pytest.fixture(scope="module")
def connections(stack):
    """Of the stack's processes, those that TCP and unix sockets listen for."""
    ours = {process.pid for process in stragglers(Folders(stack.state))}
    found = [one for one in psutil.net_connections("all") if one.pid in ours]
    assert found
    return found


@pytest.mark.intrusion("any other TCP port, or one beyond loopback", "nothing listens")
def test_each_port_is_known_and_on_loopback(connections, stack):
    known = {door.number(stack) for door in DOORS}
    known |= {getattr(stack.stack, name) for name in PUBLIC}
    listening = {one.laddr for one in connections if one.status == psutil.CONN_LISTEN}
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert {address.port for address in listening} == known


@pytest.mark.parametrize("door", KNOCKS)
def test_nobody_gets_in(door: Door, stack):
    door.nobody(stack, door.number(stack))


@pytest.mark.parametrize("door", KNOCKS)
def test_a_wrong_login_does_not_get_in(door: Door, stack):
    door.wrong(stack, door.number(stack))


@pytest.mark.intrusion("unix sockets of supervisord and SeaweedFS", "mode 0700: this user alone")
def test_unix_sockets_are_for_this_user_alone(connections, stack):
    names = {one.laddr for one in connections if str(one.laddr).startswith(("/", "@"))}
    # Supervisord binds its own under another name first.
    paths = {re.sub(r"(\.sock)\.\d+$", r"\1", name) for name in names}
    assert any("seaweedfs" in path for path in paths)
    for path in paths:
        found = os.stat(path)
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (os.geteuid(), 0o700), path
        assert is_refused(partial(socket.socket(socket.AF_UNIX).connect, path)), path
