import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from counterfeit_ml.sample_marketplace import SampleMarketplace, generate


@pytest.fixture(scope="session")
def marketplace(tmp_path_factory) -> SampleMarketplace:
    """A small marketplace, each kind of rot twice."""
    folder = tmp_path_factory.mktemp("sample") / "market"
    return generate(folder, listings=100, labels_per_class=1, seed=7)


@pytest.fixture(scope="session")
def serve():
    """Starts the real server on a free port and returns a client; stops it at the end."""
    started = []

    def start(directory) -> httpx.Client:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        module = "counterfeit_ml.sample_marketplace.server"
        command = [sys.executable, "-m", module, "--directory", str(directory), "--port", str(port)]
        process = subprocess.Popen(command, env=os.environ)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}")
        started.append((process, client))
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client.get("/robots.txt")
            except httpx.ConnectError:
                time.sleep(0.05)
            else:
                return client
        raise AssertionError(f"the server did not answer, exit code {process.poll()}")

    yield start
    for process, client in started:
        client.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def shop(marketplace, serve) -> httpx.Client:
    return serve(marketplace.directory)
