"""SeaweedFS: the S3 service of the embedded stack.

Its own parts speak HTTP and gRPC to each other, on ports where nothing but their certificate opens.
As a program with a folder as its argument it writes that certificate there, for a container.
"""

import json
import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from counterfeit_ml.errors import LakeError
from counterfeit_ml.stack.certificate import ensure_certificate
from counterfeit_ml.stack.credentials import write_private
from counterfeit_ml.stack.http import answers
from counterfeit_ml.stack.ports import GRPC_OFFSET
from counterfeit_ml.stack.settings import HOST, StackSettings
from counterfeit_ml.stack.stack import Stack

PROBE = "_health"
CERTIFICATE, KEY = "seaweedfs.crt", "seaweedfs.key"
# Of SeaweedFS's parts, those that listen. Its S3 port asks for the keys instead.
LISTENERS = {
    "grpc": ("master", "volume", "filer", "s3", "admin"),
    "https": ("master", "volume", "filer", "admin"),
}
HTTP_PORTS = ("s3_port", "s3_master_port", "s3_volume_port", "s3_filer_port", "s3_admin_port")


def prepare(stack: Stack) -> None:
    """Make ready what it reads before it starts."""
    write_security(stack.folders.seaweedfs)


def write_security(folder: Path) -> None:
    """Write its certificate, unless it is there, and on which ports that is asked for."""
    ensure_certificate(folder / CERTIFICATE, folder / KEY)
    write_private(folder / "security.toml", security(folder))


def security(folder: Path) -> str:
    """The text of ``security.toml``, for a certificate and key in ``folder``."""
    pair = {"ca": folder / CERTIFICATE, "cert": folder / CERTIFICATE, "key": folder / KEY}
    sections: dict[str, Mapping[str, object]] = {
        "grpc": {"ca": pair["ca"]},
        "grpc.client": pair,
        "https.client": {"enabled": True, **pair},
        **{f"{kind}.{part}": pair for kind, parts in LISTENERS.items() for part in parts},
    }
    return "".join(_section(name, values) for name, values in sections.items())


def _section(name: str, values: Mapping[str, object]) -> str:
    lines = (
        f"{key} = {json.dumps(value if isinstance(value, bool) else str(value))}\n"
        for key, value in values.items()
    )
    return "".join((f"[{name}]\n", *lines))


def command(stack: Stack) -> list[str]:
    """All of SeaweedFS in one process, on loopback ports alone, for those with the keys."""
    own = stack.own
    options = {
        "dir": stack.folders.lake,
        "ip": HOST,
        "ip.bind": HOST,
        "bucket": stack.settings.lake_bucket,
        "s3.port": own.s3_port,
        "master.port": own.s3_master_port,
        "volume.port": own.s3_volume_port,
        "filer.port": own.s3_filer_port,
        "admin.port": own.s3_admin_port,
        # Else in /tmp, where a file of another user's with that name would be in the way.
        "s3.localSocket": stack.folders.sockets / "s3.sock",
        "filer.localSocket": stack.folders.sockets / "filer.sock",
        "webdav": "false",
        "admin.ui": "false",
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.autoCreateBucket": "false",
        "master.telemetry": "false",
        # The filer would hand out objects to anyone.
        "disableHttp": "true",
    }
    weed = Path(sysconfig.get_path("scripts"), "weed")
    flags = (f"-{name}={value}" for name, value in options.items())
    # Both stand before the command.
    general = ("-logtostderr=true", f"-config_dir={stack.folders.seaweedfs}")
    return [str(weed), *general, "mini", *flags]


def environment(stack: Stack) -> dict[str, str]:
    """The keys. SeaweedFS without any would be open to everybody."""
    return {
        "AWS_ACCESS_KEY_ID": stack.settings.lake_access_key,
        "AWS_SECRET_ACCESS_KEY": stack.settings.lake_secret_key.get_secret_value(),
    }


def ports(stack: Stack) -> list[int]:
    """Every port it listens on, that of S3 first."""
    return [port + offset for offset in (0, GRPC_OFFSET) for port in _http_ports(stack.own)]


def is_ready(stack: Stack) -> bool:
    """Whether our keys get an object: it lists the bucket seconds before it finds the data."""
    if not answers(f"{stack.settings.lake_endpoint}/healthz"):
        return False
    # Here, because every service's wrapper passes through this module and needs no pyarrow.
    from counterfeit_ml.lake import Lake

    lake = Lake(stack.settings)
    try:
        if not lake.keys(PROBE):
            lake.put(PROBE, b"ready")
        return lake.get(PROBE) == b"ready"
    except LakeError:
        return False


def remove_sockets(known: Mapping[str, str]) -> None:
    """Delete the unix sockets that it leaves in /tmp, from where no option moves them.

    ``known`` is what stands in ``platform.env``, which an older version may have written.
    """
    for port in (int(known[name]) for name in HTTP_PORTS if name in known):
        for left in Path("/tmp").glob(f"seaweedfs-*-grpc-{port + GRPC_OFFSET}.sock"):  # noqa: S108
            if left.lstat().st_uid == os.geteuid():
                left.unlink(missing_ok=True)


def _http_ports(own: StackSettings) -> tuple[int, ...]:
    return tuple(getattr(own, name) for name in HTTP_PORTS)


if __name__ == "__main__":
    write_security(Path(sys.argv[1]))
