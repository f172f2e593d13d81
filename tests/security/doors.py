"""Every port on which the stack listens: what is behind it, and how a stranger knocks."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import grpc
import psycopg
import pytest
import requests
from botocore.client import Config
from botocore.exceptions import ClientError

from counterfeit_ml.stack import AIRFLOW_USER
from counterfeit_ml.stack.certificate import ensure_certificate
from counterfeit_ml.stack.ports import GRPC_OFFSET
from counterfeit_ml.stack.seaweedfs import CERTIFICATE, KEY
from tests.security.routes import airflow_answers, mlflow_answers
from tests.stacks import RunningStack

SECONDS = 10
Knock = Callable[[RunningStack, int], None]


@dataclass(frozen=True)
class Door:
    """A port by its name in ``platform.env``; ``nobody`` and ``wrong`` fail where it opens."""

    port: str
    what: str
    refused: str
    nobody: Knock
    wrong: Knock
    offset: int = 0

    def number(self, stack: RunningStack) -> int:
        return int(getattr(stack.stack, self.port)) + self.offset


def ask(method: str, url: str, **given: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=SECONDS, **given)


def airflow_nobody(stack: RunningStack, port: int) -> None:
    assert airflow_answers(stack.stack.airflow_url, {}) == {}


def airflow_wrong(stack: RunningStack, port: int) -> None:
    url = stack.stack.airflow_url
    for name, password in ((AIRFLOW_USER, "guess"), (AIRFLOW_USER, ""), ("", "")):
        given = {"username": name, "password": password}
        assert ask("POST", f"{url}/auth/token", json=given).status_code in {400, 401}
    assert airflow_answers(url, {"Authorization": "Bearer e30.e30.x"}) == {}


def mlflow_nobody(stack: RunningStack, port: int) -> None:
    assert mlflow_answers(stack.settings.mlflow_uri, None) == {}


def mlflow_wrong(stack: RunningStack, port: int) -> None:
    for login in (("admin", "guess"), ("admin", ""), ("admin", "password1234"), ("", "")):
        assert ask("GET", f"{stack.settings.mlflow_uri}/", auth=login).status_code == 401
    assert mlflow_answers(stack.settings.mlflow_uri, ("admin", "guess"), step=20) == {}


def postgres_nobody(stack: RunningStack, port: int) -> None:
    for role in ("postgres", "platform", "bi_reader", "airflow", "mlflow", "root"):
        _no_connection(f"postgresql://{role}@127.0.0.1:{port}/warehouse", "no password supplied")


def postgres_wrong(stack: RunningStack, port: int) -> None:
    for role in ("postgres", "platform", "bi_reader"):
        uri = f"postgresql://{role}:guess@127.0.0.1:{port}/warehouse"
        _no_connection(uri, "password authentication failed")


def _no_connection(uri: str, words: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=words):
        psycopg.connect(uri, connect_timeout=SECONDS, passfile="/nowhere")


def s3_nobody(stack: RunningStack, port: int) -> None:
    url = stack.settings.lake_endpoint
    bucket = f"{url}/{stack.settings.lake_bucket}"
    for method in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        for address in (bucket, f"{bucket}/key", f"{bucket}/?policy", f"{bucket}/?acl"):
            assert ask(method, address, data=b"x").status_code in {403, 405}, (method, address)
    assert ask("GET", url).status_code == 403
    for action in ("CreateUser", "ListUsers", "CreateAccessKey", "AssumeRole"):
        answer = ask("POST", f"{url}/", data={"Action": action, "UserName": "eve"})
        assert answer.status_code in {400, 403}, (action, answer.text)
        assert "AccessKeyId>" not in answer.text


def s3_wrong(stack: RunningStack, port: int) -> None:
    settings = stack.settings
    for key, secret in ((settings.lake_access_key, "guess"), ("guess", "guess")):
        client = boto3.client(
            "s3",
            endpoint_url=settings.lake_endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}),
        )
        for call in (client.list_objects_v2, client.delete_bucket, client.get_bucket_policy):
            with pytest.raises(ClientError) as error:
                call(Bucket=settings.lake_bucket)
            assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def tls_nobody(stack: RunningStack, port: int) -> None:
    for path in ("/", "/status", "/cluster/status", "/dir/assign", "/dir/status", "/buckets/"):
        assert ask("GET", f"http://127.0.0.1:{port}{path}").status_code == 400
        assert not _opens(port, path, None)


def tls_wrong(stack: RunningStack, port: int) -> None:
    with TemporaryDirectory() as folder:
        assert not _opens(port, "/status", _strangers(Path(folder)))
    assert _opens(port, "/status", _own(stack)), "not even with the right one"


def _opens(port: int, path: str, pair: tuple[str, str] | None) -> bool:
    try:
        ask("GET", f"https://127.0.0.1:{port}{path}", verify=False, cert=pair)
    # With TLS 1.3 a server may say no only when it is asked something.
    except requests.exceptions.ConnectionError:
        return False
    return True


def _own(stack: RunningStack) -> tuple[str, str]:
    folder = stack.state / "seaweedfs"
    return str(folder / CERTIFICATE), str(folder / KEY)


def _strangers(folder: Path) -> tuple[str, str]:
    """A certificate like ours, and of the same name, but not ours."""
    ensure_certificate(folder / CERTIFICATE, folder / KEY)
    return str(folder / CERTIFICATE), str(folder / KEY)


METHODS = (
    "/master_pb.Seaweed/Statistics",
    "/volume_server_pb.VolumeServer/VolumeServerStatus",
    "/filer_pb.SeaweedFiler/ListEntries",
    "/iam_pb.SeaweedIdentityAccessManagement/GetConfiguration",
    "/worker_pb.WorkerService/WorkerStream",
)


def grpc_nobody(stack: RunningStack, port: int) -> None:
    address = f"127.0.0.1:{port}"
    presented = ssl.get_server_certificate(("127.0.0.1", port)).encode()
    for channel in (
        grpc.insecure_channel(address),
        grpc.secure_channel(address, grpc.ssl_channel_credentials(presented)),
    ):
        assert not _answers(channel)


def grpc_wrong(stack: RunningStack, port: int) -> None:
    with TemporaryDirectory() as folder:
        assert not _answers(_channel(stack, port, _strangers(Path(folder))))
    assert _answers(_channel(stack, port, _own(stack))), "not even with the right one"


def _channel(stack: RunningStack, port: int, pair: tuple[str, str]) -> grpc.Channel:
    root, (certificate, key) = Path(_own(stack)[0]), map(Path, pair)
    credentials = grpc.ssl_channel_credentials(
        root.read_bytes(), key.read_bytes(), certificate.read_bytes()
    )
    return grpc.secure_channel(f"127.0.0.1:{port}", credentials)


def _answers(channel: grpc.Channel) -> bool:
    """Whether a server of SeaweedFS says anything at all, were it that it knows no such method."""
    with channel:
        codes = [_code(channel, method) for method in METHODS]
    assert grpc.StatusCode.DEADLINE_EXCEEDED not in codes
    return set(codes) != {grpc.StatusCode.UNAVAILABLE}


def _code(channel: grpc.Channel, method: str) -> grpc.StatusCode:
    try:
        channel.unary_unary(method)(b"", timeout=SECONDS)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def _internal(port: str, what: str) -> tuple[Door, Door]:
    by_tls = "mutual TLS: no handshake without SeaweedFS's own certificate"
    return (
        Door(port, f"SeaweedFS {what}, HTTP", by_tls, tls_nobody, tls_wrong),
        Door(port, f"SeaweedFS {what}, gRPC", by_tls, grpc_nobody, grpc_wrong, GRPC_OFFSET),
    )


DOORS = (
    Door("airflow_port", "Airflow, every route", "401", airflow_nobody, airflow_wrong),
    Door("mlflow_port", "MLflow, every route", "401", mlflow_nobody, mlflow_wrong),
    Door(
        "postgres_port",
        "PostgreSQL",
        "SCRAM: password authentication failed",
        postgres_nobody,
        postgres_wrong,
    ),
    Door("s3_port", "S3, and its IAM", "403", s3_nobody, s3_wrong),
    _internal("s3_port", "S3")[1],
    *_internal("s3_master_port", "master"),
    *_internal("s3_volume_port", "volume"),
    *_internal("s3_filer_port", "filer"),
    *_internal("s3_admin_port", "admin"),
)
PUBLIC = ("marketplace_port",)
"""The sample shop: a web site for everyone, of nothing but drawn goods."""
