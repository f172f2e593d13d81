"""Why something could not be had, as sentences."""

import re
from urllib.parse import urlsplit

from scrapy.exceptions import DownloadCancelledError, IgnoreRequest

REDIRECTED_TOO_OFTEN = "max redirections reached"
"""What Scrapy says of it."""
_TLS_OBJECT = re.compile(r" ssl:(<[^>]*>|\S+)")
_TOO_LARGE = re.compile("exceeded DOWNLOAD_MAXSIZE")


def why(error: BaseException, url: str) -> str:
    """One sentence on why ``url`` could not be had."""
    if is_too_large(error):
        return "It is larger than we load."
    if is_endless_redirect(error):
        return "It redirects again and again."
    if isinstance(error, IgnoreRequest):
        return f"{str(error).rstrip('.')}."
    name = type(error).__name__.removeprefix("Download").removesuffix("Error")
    said = _TLS_OBJECT.sub("", str(error))[:200].rstrip(".")
    return f"{urlsplit(url).hostname} was asked in vain: {name}: {said}."


def is_too_large(error: BaseException) -> bool:
    """Whether the answer was cut off at the limit of its size, as it came or unpacked."""
    unpacked = isinstance(error, IgnoreRequest) and _TOO_LARGE.search(str(error))
    return isinstance(error, DownloadCancelledError) or bool(unpacked)


def is_endless_redirect(error: BaseException) -> bool:
    """Whether the limit of redirects was reached."""
    return isinstance(error, IgnoreRequest) and str(error) == REDIRECTED_TOO_OFTEN
