"""The door: which addresses and paths may be followed at all."""

from pathlib import Path
from urllib.parse import urlsplit

from counterfeit_ml.ingestion.reasons import Reason, Refused

MAX_URL_LENGTH = 2048


def web_url(value: object) -> str:
    """``value`` if it is an http(s) URL with a host and without credentials, else ``bad_url``."""
    if not isinstance(value, str) or not value:
        raise Refused(Reason.BAD_URL, "There is no URL.")
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
