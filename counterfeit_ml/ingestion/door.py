"""The door: which addresses and paths may be followed at all."""

from functools import lru_cache
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from counterfeit_ml.ingestion.reasons import Reason, Refused

MAX_URL_LENGTH = 2048
AGENT = "counterfeit-ml"
"""The name that robots.txt may call us by."""
_NAT64 = IPv6Network("64:ff9b::/96")


def web_url(value: object) -> str:
    """``value`` if it is an http(s) URL with a host and without credentials, else ``bad_url``."""
    if not isinstance(value, str) or not value:
        raise Refused(Reason.BAD_URL, "There is no URL.")
    return _checked(value)


@lru_cache(maxsize=4096)  # a page's address and its picture's come several times
def _checked(value: str) -> str:
    if len(value) > MAX_URL_LENGTH or not value.isprintable() or " " in value:
        raise Refused(Reason.BAD_URL, f"{value[:100]!r} is too long or holds blanks or controls.")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise Refused(Reason.BAD_URL, f"{value[:100]!r} is no URL: {error}.") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise Refused(Reason.BAD_URL, f"{value[:100]!r} is no http or https address.")
    if parts.username or parts.password:
        raise Refused(Reason.BAD_URL, "The URL carries a user name or password.")
    return value


def is_public(address: str) -> bool:
    """Whether the IP ``address`` is of the open internet.

    Not private, loopback, link-local, multicast, reserved or unspecified, nor an IPv6 address that
    carries such an IPv4 one (mapped, 6to4, NAT64).
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            within = IPv4Address(int(ip) & 0xFFFFFFFF)
        if within is not None:
            return is_public(str(within))
        if ip.is_site_local:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def inside(folder: Path, value: str) -> Path:
    """The file ``value`` names within ``folder``, links resolved, else ``path_traversal``."""
    try:
        path = (folder / value).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise Refused(Reason.MISSING_IMAGE, f"{value[:100]!r} is no path: {error}.") from error
    if not path.is_relative_to(folder.resolve()):
        raise Refused(
            Reason.PATH_TRAVERSAL, f"{value[:100]!r} leads out of the feed's folder; not read."
        )
    return path


def user_agent(contact: str | None = None) -> str:
    """How we introduce ourselves to every server, with an address for its people."""
    return f"{AGENT}/{version('counterfeit-ml')}{f' (+{contact})' if contact else ''}"
