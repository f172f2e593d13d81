"""One real stack for each process: its light part, and Airflow where a test asks for it."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from xdist.workermanage import WorkerController

from counterfeit_ml.registry import CHAMPION, MODEL, Registry
from counterfeit_ml.settings import ROOT, Settings
from counterfeit_ml.stack import StackSettings
from tests.otlp import Received, receiver
from tests.processes import FileScheduling, place
from tests.stacks import CommandLine, RunningStack, succeed, superuser

FOLDER, WORKER = pytest.StashKey[Path](), "workerinput"
"""What the processes of a session share; and what a process has that another one started."""
MARKETPLACES = """
  dead: {site: {start_urls: ["http://127.0.0.3:9/"], allow_local: true}}
  dead_too: {site: {start_urls: ["http://127.0.0.3:9/two"], allow_local: true}}
  partner: {feed: {path: FOLDER/partner.jsonl}}
"""


def pytest_configure(config: pytest.Config) -> None:
    """Make a folder for this process in that of the session."""
    given = getattr(config, WORKER, {}).get("folder")
    config.stash[FOLDER] = Path(given or tempfile.mkdtemp(prefix="counterfeit-test-"))
    # Unlike pytest's own folders, PostgreSQL's user passes through.
    config.stash[FOLDER].chmod(0o711)
    _states(config).touch()
    # Airflow makes its home where this says as soon as it is imported: never in the person's own.
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-", dir=config.stash[FOLDER])


def pytest_configure_node(node: WorkerController) -> None:
    """Tell another process the session's folder."""
    node.workerinput["folder"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what a process that was interrupted or killed has left running."""
    if hasattr(config, WORKER):
        return
    states = map(Path, _states(config).read_text("utf-8").splitlines())
    if left := [state for state in states if state.exists()]:
        config.get_terminal_writer().line("stopping what still runs")
        # An impatient second Ctrl-C would leave half of it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for state in left:
            CommandLine(state=state).purge()
    shutil.rmtree(config.stash[FOLDER])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    """Divide the tests by file, in their order."""
    config.option.loadscopereorder = False
    return FileScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that others would wait for come first."""
    items.sort(key=lambda item: place(item.nodeid))


def _states(config: pytest.Config) -> Path:
    """Lists the state folder of every stack."""
    return config.stash[FOLDER] / "states.txt"


@pytest.fixture(scope="session")
def command_line(pytestconfig: pytest.Config) -> Callable[..., CommandLine]:
    """For a stack of a test's own; should the tests be interrupted, it is stopped."""

    def on(state: Path, **given: Path) -> CommandLine:
        with _states(pytestconfig).open("a", encoding="utf-8") as file:
            file.write(f"{state}\n")
        return CommandLine(state=state, **given)

    return on


@pytest.fixture(scope="session")
def own_folder(pytestconfig: pytest.Config) -> Path:
    """Of this process."""
    folder = Path(tempfile.mkdtemp(prefix="stack-", dir=pytestconfig.stash[FOLDER]))
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="session")
def config_dir(own_folder: Path) -> Path:
    """The configuration that is shipped, and three more marketplaces."""
    folder = shutil.copytree(ROOT / "config", own_folder / "config")
    with (folder / "marketplaces.yaml").open("a", encoding="utf-8") as file:
        file.write(MARKETPLACES.replace("FOLDER", str(own_folder)))
    return folder


@pytest.fixture(scope="session")
def collector() -> Iterator[Received]:
    """An OpenTelemetry collector, to which the stacks begun meanwhile send their metrics."""
    with receiver() as received:
        os.environ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = received.url
        yield received
        del os.environ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]


@pytest.fixture(scope="session")
def services(
    own_folder: Path,
    config_dir: Path,
    command_line: Callable[..., CommandLine],
    collector: Received,
) -> Iterator[RunningStack]:
    """S3, PostgreSQL and MLflow; seconds. In the end whatever runs is stopped and deleted."""
    line = command_line(own_folder / "state", config=config_dir)
    succeed(line.up_light())
    env_file, cache = line.state / "platform.env", line.state / "cache"
    yield RunningStack(
        state=line.state,
        config=config_dir,
        settings=Settings(_env_file=env_file, cache_dir=cache, config_dir=config_dir),
        stack=StackSettings(_env_file=env_file),
    )
    line.purge()


@pytest.fixture
def own_warehouse(services: RunningStack) -> Iterator[RunningStack]:
    """The services with a warehouse of the test's own: empty, and nobody else's days in it."""
    name, own = f"warehouse_{uuid4().hex}", services.stack
    database = sql.Identifier(name)
    with psycopg.connect(superuser(own, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
        with psycopg.connect(superuser(own, name), autocommit=True) as inside:
            inside.execute("CREATE SCHEMA warehouse AUTHORIZATION platform")
        uri = SecretStr(own.database_uri("platform", own.platform_password, name))
        settings = services.settings.model_copy(update={"warehouse_uri": uri})
        yield replace(services, settings=settings)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture(scope="session")
def stack(services: RunningStack) -> RunningStack:
    """The whole stack, Airflow included, grown from ``services``; half a minute."""
    services.up()
    return services


@pytest.fixture(scope="session")
def demo(stack: RunningStack) -> str:
    """The demo, run once on the session's stack; what it printed."""
    done = stack.counterfeit("demo")
    succeed(done)
    return done.stdout


@pytest.fixture
def without_champion(services: RunningStack) -> Iterator[None]:
    """No version of the model is champion until the test ends, then the one that was it before."""
    registry = Registry(services.settings)
    champion = registry.holder(CHAMPION)
    _dethrone(registry)
    yield
    _dethrone(registry)
    if champion:
        registry.client().set_registered_model_alias(MODEL, CHAMPION, champion)


def _dethrone(registry: Registry) -> None:
    if registry.holder(CHAMPION):
        registry.client().delete_registered_model_alias(MODEL, CHAMPION)


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="session")
def listing_row() -> Callable[..., dict[str, Any]]:
    """Makes a sound row of LISTINGS, with the changes given."""

    def row(listing_id: str, **changes: Any) -> dict[str, Any]:
        return {
            "listing_id": listing_id,
            "url": f"http://shop/{listing_id}",
            "title": "bag",
            "price_text": "10",
            "price": 10.0,
            "currency": "USD",
            "price_usd": 10.0,
            "rate_date": date(1999, 1, 4),
            "seller_id": "s",
            "image_url": "http://shop/1.jpg",
            "image_sha256": "a" * 64,
            "scraped_at": datetime(1999, 1, 1, tzinfo=UTC),
            **changes,
        }

    return row


@pytest.fixture(scope="session")
def label_row() -> Callable[..., dict[str, Any]]:
    """Makes a sound row of LABELS, of a picture like no other, with the changes given."""

    def row(digest: str, label: str, **changes: Any) -> dict[str, Any]:
        looks = sha256(digest.encode()).hexdigest()
        return {
            "image_sha256": digest,
            "label": label,
            "split_group": digest,
            "split": "train",
            "width": 100,
            "height": 100,
            "phash": looks[:16],
            "dhash": looks[16:32],
            "origin": "seed",
            "labelled_by": "test",
            "labelled_at": datetime(1999, 1, 1, tzinfo=UTC),
            **changes,
        }

    return row
