"""The spider's way out: lines of JSON on a pipe, what is too large for them as files beside it."""

import asyncio
import json
import os
from itertools import count
from pathlib import Path
from typing import Any

LONGEST_TEXT = 10_000
MOST_VALUES = 100


class Outbox:
    """Messages to whoever started us; sending waits until they are taken."""

    def __init__(self, descriptor: int, folder: str) -> None:
        self._descriptor, self._folder = descriptor, Path(folder)
        self._names = count()
        self.sent = 0
        """Messages so far."""
        self._lock: asyncio.Lock | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, message: dict[str, Any], files: dict[str, bytes | None]) -> None:
        """Send ``message``, each of the ``files`` under its name in it.

        One at a time, so that no more than one message and its files lie between the processes
        besides what the pipe holds.
        """
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            writer = await self._open()
            kept = {name: self._keep(data) for name, data in files.items()}
            writer.write(json.dumps(message | kept).encode("ascii") + b"\n")
            await writer.drain()
            self.sent += 1

    def _keep(self, data: bytes | None) -> str | None:
        if data is None:
            return None
        name = str(next(self._names))
        (self._folder / name).write_bytes(data)
        return name

    async def _open(self) -> asyncio.StreamWriter:
        if self._writer is None:
            loop = asyncio.get_running_loop()
            transport, protocol = await loop.connect_write_pipe(
                asyncio.streams.FlowControlMixin, os.fdopen(self._descriptor, "wb", buffering=0)
            )
            transport.set_write_buffer_limits(high=0)  # else the end of it could be lost
            self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        return self._writer


def short(record: dict[str, Any]) -> dict[str, Any]:
    """``record`` without what it does not say, and overlong texts and lists cut."""
    return {name: _cut(value) for name, value in record.items() if value is not None}


def _cut(value: Any) -> Any:
    if isinstance(value, str):  # JSON can hold halves of characters, which no file takes
        return value[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
    return [_cut(one) for one in value[:MOST_VALUES]] if isinstance(value, list) else value
