"""The certificate by which SeaweedFS's parts know each other, and refuse everybody else."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from counterfeit_ml.stack.credentials import write_private
from counterfeit_ml.stack.settings import HOST

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "seaweedfs")])
# As long as the data: like the passwords it is made once.
VALID = timedelta(days=3650)
CLOCK_SKEW = timedelta(days=1)


def ensure_certificate(certificate: Path, key: Path) -> None:
    """Write a private key and its certificate as PEM, mode 0600, unless both are there.

    It signs itself, and is the one authority that both sides of a connection accept: who has the
    key gets in, and nobody else can be given one.
    """
    if certificate.exists() and key.exists():
        return
    made = ec.generate_private_key(ec.SECP256R1())
    secret = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(key, secret.decode())
    write_private(certificate, _signed(made).public_bytes(Encoding.PEM).decode())


def _signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = datetime.now(UTC)
    host = x509.IPAddress(ipaddress.ip_address(HOST))
    return (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .sign(key, hashes.SHA256())
    )
