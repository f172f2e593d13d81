"""A backup of a stack at work, restored into another: row for row and byte for byte the same."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from psycopg import sql

from counterfeit_ml.lake import Lake
from counterfeit_ml.registry import Registry
from counterfeit_ml.settings import Settings
from counterfeit_ml.stack import StackSettings
from counterfeit_ml.stack.dumps import DATABASES
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.objects import BYTES, read_index
from counterfeit_ml.stack.stragglers import stragglers
from tests.stacks import COUNTERFEIT, RunningStack, succeed, superuser
from tests.waiting import until

TABLES = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2
"""
RIGHTS = """
SELECT relname, relacl::text, pg_get_userbyid(relowner) FROM pg_class
WHERE relnamespace = 'warehouse'::regnamespace ORDER BY relname
"""


def rows_of(own: StackSettings) -> dict[str, list[str]]:
    """Every row of every table of all databases, as text."""
    found = {}
    for database in DATABASES:
        with closing(psycopg.connect(superuser(own, database), autocommit=True)) as connection:
            for schema, table in connection.execute(TABLES).fetchall():
                query = sql.SQL("COPY (SELECT t::text FROM {} t) TO STDOUT")
                with connection.cursor().copy(query.format(sql.Identifier(schema, table))) as copy:
                    name = f"{database}.{schema}.{table}"
                    found[name] = sorted(bytes(row).decode() for row in copy)
    return found


def objects_of(lake: Lake) -> dict[str, tuple[str, str | None]]:
    """The sha256 and the media type of every object."""
    contents = {one.key: lake.fetch(one.key) for one in lake.objects()}
    return {key: (sha256(data).hexdigest(), kind) for key, (data, kind, _) in contents.items()}


def rights_of(own: StackSettings) -> list[tuple]:
    with closing(psycopg.connect(superuser(own, "warehouse"))) as connection:
        return connection.execute(RIGHTS).fetchall()


REVIEW = """
INSERT INTO warehouse.flag_reviews
    (marketplace, listing_id, ds, decision, note, reviewed_by, image_sha256)
VALUES ('backed-up', 'a', '2001-01-01', 'unsure', E'tab\\t, ''quote'', \\\\ and ü', 'ann', 'aa')
"""


def run_sql(own: StackSettings, statement: str) -> None:
    """As superuser."""
    with psycopg.connect(superuser(own, "warehouse")) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="module")
def filled(own_folder, command_line) -> Iterator[RunningStack]:
    """With something of everything: rows, pictures, a large object, a model in the registry.

    A stack of its own, without Airflow, which writes to its database whenever it runs.
    """
    line = command_line(own_folder / "filled")
    succeed(line.up_light())
    settings, own = settings_of(line.state)
    lake, client = Lake(settings), Registry(settings).client()
    for number in range(50):
        lake.put_new_image(sha256(bytes([number])).hexdigest(), bytes([number]), "image/png")
    lake.put("backed-up/with spaces, ü and +", b"")
    lake.put("backed-up/large", os.urandom(9 * 1024 * 1024))
    client.create_registered_model("backed-up")
    run_sql(own, REVIEW)
    yield RunningStack(state=line.state, settings=settings, stack=own)
    line.purge()


@pytest.fixture(scope="module")
def saved(filled, own_folder) -> Path:
    folder = own_folder / "backup"
    succeed(filled.counterfeit("backup", str(folder)))
    return folder


@pytest.fixture(scope="module")
def restored(saved, own_folder, command_line):
    line = command_line(own_folder / "restored")
    succeed(line.counterfeit("restore", str(saved)))
    yield line
    line.purge()


def settings_of(state: Path) -> tuple[Settings, StackSettings]:
    file = state / "platform.env"
    return Settings(_env_file=file), StackSettings(_env_file=file)


def test_every_row_and_object_is_there_again(filled, restored):
    settings, own = settings_of(restored.state)
    rows = rows_of(filled.stack)
    assert own.postgres_port != filled.stack.postgres_port
    assert rows["warehouse.warehouse.flag_reviews"]
    assert rows["mlflow.public.registered_models"]
    assert rows_of(own) == rows
    before, after = objects_of(Lake(filled.settings)), objects_of(Lake(settings))
    assert len(before) > 50
    assert after == before


def test_roles_and_rights_are_there_again(filled, restored):
    _, own = settings_of(restored.state)
    assert rights_of(own) == rights_of(filled.stack)
    with closing(psycopg.connect(own.bi_reader_uri)) as connection:
        connection.execute("SELECT FROM warehouse.current_flags")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM warehouse.flag_reviews")


def test_what_is_restored_comes_up_and_has_its_models(restored):
    succeed(restored.up_light())
    settings, _ = settings_of(restored.state)
    assert Registry(settings).client().get_registered_model("backed-up")


def test_a_backup_is_for_its_owner_alone(saved):
    assert saved.stat().st_mode & 0o077 == 0
    assert (saved / "platform.env").stat().st_mode & 0o077 == 0


def test_nothing_is_restored_over_a_stack(filled, saved, restored):
    for line in (filled, restored):
        done = line.counterfeit("restore", str(saved))
        assert done.returncode == 1
        assert "holds a stack" in done.stderr


def test_no_backup_is_written_over_another(filled, saved):
    before = (saved / "backup.json").read_bytes()
    done = filled.counterfeit("backup", str(saved))
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert (saved / "backup.json").read_bytes() == before


def test_a_damaged_backup_is_refused_before_anything_is_made(saved, tmp_path, command_line):
    copy = shutil.copytree(saved, tmp_path / "copy")
    with (copy / BYTES).open("r+b") as file:
        file.seek(read_index(copy)[3].offset)
        file.write(b"?")
    line = command_line(tmp_path / "state")
    done = line.counterfeit("restore", str(copy))
    assert done.returncode == 1
    assert "lake.objects is damaged" in done.stderr
    assert not line.state.exists()


def test_a_folder_that_is_no_backup_is_refused(tmp_path, command_line):
    done = command_line(tmp_path / "state").counterfeit("restore", str(tmp_path))
    assert done.returncode == 1
    assert "is no backup" in done.stderr


def test_a_backup_that_is_killed_is_not_there(filled, tmp_path):
    command = [COUNTERFEIT, "backup", str(tmp_path / "killed")]
    with subprocess.Popen(command, env=filled.env, stderr=subprocess.PIPE) as process:
        until((tmp_path / "killed.unfinished").exists, pause=0.01)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "killed").exists()
    succeed(filled.counterfeit("backup", str(tmp_path / "killed")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed"]


def test_a_restore_that_is_killed_is_no_stack(saved, tmp_path, command_line):
    line = command_line(tmp_path / "state")
    folders = Folders(line.state)
    command = [COUNTERFEIT, "restore", str(saved)]
    with subprocess.Popen(command, env=line.env, stderr=subprocess.PIPE) as process:
        until(folders.restoring.exists, pause=0.01)
        process.send_signal(signal.SIGKILL)
    for refused in ("up", "restore"):
        arguments = [str(saved)] if refused == "restore" else []
        done = line.counterfeit(refused, *arguments)
        assert done.returncode == 1
        assert "counterfeit down --purge" in done.stderr
    line.purge()
    assert stragglers(folders) == []


def test_a_restore_that_fails_leaves_nothing(saved, tmp_path, command_line):
    copy = shutil.copytree(saved, tmp_path / "copy")
    (copy / "warehouse.dump").write_bytes(b"no dump")
    manifest = copy / "backup.json"
    digests = (sha256((folder / "warehouse.dump").read_bytes()) for folder in (saved, copy))
    was, now = (digest.hexdigest() for digest in digests)
    manifest.write_text(manifest.read_text().replace(was, now))
    line = command_line(tmp_path / "state")
    done = line.counterfeit("restore", str(copy))
    assert done.returncode == 1
    assert "pg_restore" in done.stderr
    assert not line.state.exists()


def test_what_is_written_meanwhile_is_whole_or_refused(filled, tmp_path):
    lake, stop = Lake(filled.settings), Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            lake.put(f"backed-up/busy/{number % 7}", str(number).encode())

    writer = Thread(target=write)
    writer.start()
    try:
        done = filled.counterfeit("backup", str(tmp_path / "busy"))
    finally:
        stop.set()
        writer.join()
        lake.delete(lake.keys("backed-up/busy/"))
    assert done.returncode == 1
    assert "was written to during each of 5 looks" in done.stderr
    assert list(tmp_path.iterdir()) == []
