import re
import ssl
import stat
import tomllib

from counterfeit_ml.stack.certificate import ensure_certificate
from counterfeit_ml.stack.seaweedfs import CERTIFICATE, KEY, security


def test_the_certificate_is_made_once_and_its_key_is_private(tmp_path):
    certificate, key = tmp_path / CERTIFICATE, tmp_path / KEY
    ensure_certificate(certificate, key)
    made = certificate.read_bytes(), key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    ensure_certificate(certificate, key)
    assert (certificate.read_bytes(), key.read_bytes()) == made
    certificate.unlink()
    ensure_certificate(certificate, key)
    assert key.read_bytes() != made[1]


def test_each_part_asks_for_it(tmp_path):
    folder = tmp_path / 'a "quoted" \\ folder'
    text = security(folder)
    asked = tomllib.loads(text)
    pair = {"cert": str(folder / CERTIFICATE), "key": str(folder / KEY)}
    for kind in ("grpc", "https"):
        for part in ("client", "master", "volume", "filer", "admin"):
            assert asked[kind][part].items() >= pair.items()
    assert asked["https"]["client"]["enabled"] is True
    assert asked["grpc"]["s3"].items() >= pair.items()
    assert not re.search(r"PRIVATE", text)
