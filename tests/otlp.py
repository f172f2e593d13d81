"""An OpenTelemetry collector that keeps the gauges it is sent."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)


@dataclass
class Received:
    """``gauges`` by name and tags, each the last value sent; ``url`` takes them."""

    url: str = ""
    gauges: dict[tuple[str, frozenset[tuple[str, str]]], float] = field(default_factory=dict)

    def gauge(self, name: str, **tags: str) -> float | None:
        return self.gauges.get((name, frozenset(tags.items())))

    def take(self, body: bytes) -> None:
        request = ExportMetricsServiceRequest.FromString(body)
        scopes = (scope for one in request.resource_metrics for scope in one.scope_metrics)
        for metric in (metric for scope in scopes for metric in scope.metrics):
            for point in metric.gauge.data_points:
                tags = frozenset((one.key, one.value.string_value) for one in point.attributes)
                self.gauges[metric.name, tags] = point.as_double


@contextmanager
def receiver() -> Iterator[Received]:
    """One that listens on loopback."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            received.take(gzip.decompress(body) if packed else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received.url = f"http://127.0.0.1:{server.server_address[1]}/v1/metrics"
        Thread(target=server.serve_forever, daemon=True).start()
        yield received
        server.shutdown()
