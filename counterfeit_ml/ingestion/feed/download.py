"""Downloads a feed from the web into a file, through the door: no private address is asked."""

import asyncio
import logging
import socket
import time
from hashlib import sha256
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.door import is_public, user_agent, web_url
from counterfeit_ml.ingestion.reasons import Refused
from counterfeit_ml.progress import LOG_EVERY_SECONDS

MAX_BYTES = 50 << 30
MAX_REDIRECTS = 5
CONNECT_SECONDS = 20
STALL_SECONDS = 60
SLOWEST = 1024
"""Bytes a second, below which a download is stalled."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HEADERS = {
    "User-Agent": user_agent(),
    "Accept-Encoding": "identity",
}

log = logging.getLogger(__name__)


def download(url: str, allow_local: bool, file: BinaryIO) -> str:
    """Write what ``url`` answers into ``file``; returns its sha256. Raises ``IngestionError``.

    With ``allow_local`` the URL's own host and port may be private, those of redirects still not.
    """
    shown = url.partition("?")[0]  # the query may hold a key
    try:
        digest = asyncio.run(_download(url, _Rules(url, allow_local), file))
    except _FaultError as fault:
        why = str(fault)
    except Refused as refusal:
        why = refusal.detail.rstrip(".")
    except aiohttp.ClientConnectorDNSError as error:
        why = f"the host {error.host} cannot be found"
    except aiohttp.ClientConnectorError as error:
        why = f"no connection to {error.host}:{error.port} ({error.os_error.strerror or error})"
    except TimeoutError:
        why = f"the server sent nothing for {STALL_SECONDS} s"
    except aiohttp.ClientPayloadError:
        why = "the connection broke before its end"
    except (aiohttp.ClientError, ValueError) as error:
        why = f"{type(error).__name__}: {str(error)[:200]}"
    except OSError as error:
        why = f"it cannot be stored: {error.strerror}"
    else:
        log.info("downloaded %s: %d bytes", shown, file.tell())
        return digest
    raise IngestionError(f"The feed {shown} cannot be fetched: {why}; nothing was changed.")


class _FaultError(Exception):
    """Why a download ends."""


class _Rules:
    """Which addresses a download may ask."""

    def __init__(self, url: str, allow_local: bool) -> None:
        self._local = _place(url) if allow_local else None

    def check(self, url: str) -> str:
        """``url`` if it may be asked, its host being looked up later; else raises ``Refused``."""
        host = _place(web_url(url))[0]
        if _is_ip(host) and not is_public(host) and _place(url) != self._local:
            raise _FaultError(_private(host, host))
        return url

    def may_be_local(self, host: str, port: int) -> bool:
        """Whether this host was declared local."""
        return (host, port) == self._local


class _Resolver(AbstractResolver):
    """Resolves names to public addresses. What it returns is what is connected to."""

    def __init__(self, rules: _Rules) -> None:
        self._rules, self._names = rules, ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host`` that may be asked."""
        found = await self._names.resolve(host, port, family)
        if self._rules.may_be_local(host, port):
            return found
        public = [one for one in found if is_public(one["host"])]
        if found and not public:
            raise _FaultError(_private(host, found[0]["host"]))
        return public

    async def close(self) -> None:
        """Release what is held."""
        await self._names.close()


async def _download(url: str, rules: _Rules, file: BinaryIO) -> str:
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_SECONDS, sock_read=STALL_SECONDS
    )
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=_Resolver(rules)),
        timeout=timeout,
        headers=HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        for _ in range(MAX_REDIRECTS + 1):
            address = URL(rules.check(url), encoded=url.isascii())
            async with session.get(address, allow_redirects=False) as response:
                if response.status not in REDIRECTS:
                    return await _save(response, file)
                url = urljoin(url, response.headers.get("Location", ""))
    raise _FaultError(f"it redirects more than {MAX_REDIRECTS} times")


async def _save(response: aiohttp.ClientResponse, file: BinaryIO) -> str:
    if response.status != 200:
        raise _FaultError(f"the server answered {response.status} {response.reason or ''}".strip())
    if (response.content_length or 0) > MAX_BYTES:
        raise _too_large()
    digest, done, pace = sha256(), 0, _Pace()
    async for block in response.content.iter_chunked(1 << 20):
        done += len(block)
        if done > MAX_BYTES:
            raise _too_large()
        digest.update(block)
        file.write(block)
        pace.check(done, response.content_length)
    return digest.hexdigest()


class _Pace:
    """Says how far a download is, and when it is too slow to end."""

    def __init__(self) -> None:
        self._said = self._since = time.monotonic()
        self._before = 0

    def check(self, done: int, total: int | None) -> None:
        """To be called for each block."""
        now = time.monotonic()
        if now - self._said >= LOG_EVERY_SECONDS:
            self._said = now
            log.info("downloading: %d of %s MB", done >> 20, (total or 0) >> 20 or "?")
        if now - self._since >= STALL_SECONDS:
            if done - self._before < SLOWEST * STALL_SECONDS:
                raise _FaultError(f"the server sends less than {SLOWEST} bytes a second")
            self._since, self._before = now, done


def _too_large() -> _FaultError:
    return _FaultError(f"it is larger than {MAX_BYTES >> 30} GB")


def _private(host: str, address: str) -> str:
    return (
        f"{host} has the private address {address} (`allow_local: true` allows it where the "
        f"marketplace runs here)"
    )


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    return parts.hostname or "", port


def _is_ip(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdecimal()
