"""Takes gzip off a stream, whatever its name says, without falling for a bomb."""

import gzip
import io
import zlib
from typing import BinaryIO, cast

from counterfeit_ml.errors import IngestionError

MAGIC = b"\x1f\x8b"
MAX_RATIO = 200
"""Listings shrink 5 to 50 times."""
ALWAYS_ALLOWED = 64 << 20
"""Bytes below which no ratio is suspicious."""
BUFFER = 1 << 20


def plain(file: io.RawIOBase | BinaryIO, name: str) -> BinaryIO:
    """``file`` from its beginning, decompressed where it is gzip. ``name`` is for the errors."""
    file.seek(0)
    magic = file.read(len(MAGIC))
    file.seek(0)
    raw = _Gunzip(cast(BinaryIO, file), name) if magic == MAGIC else _Unclosed(file)
    return io.BufferedReader(raw, BUFFER)


class _Unclosed(io.RawIOBase):
    """Reads a file that stays open when the reader goes."""

    def __init__(self, file: io.RawIOBase | BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer)) or b""
        buffer[: len(data)] = data
        return len(data)


class _Gunzip(io.RawIOBase):
    """Decompresses; raises ``IngestionError`` where the file is cut, damaged or a bomb."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._gzip = gzip.GzipFile(fileobj=file, mode="rb")
        self._out = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._gzip.read1(len(buffer))
        except EOFError as error:
            raise self._error("ends in the middle", "the export again") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise self._error(f"is damaged ({error})", "the export again") from error
        self._out += len(data)
        if self._out > max(ALWAYS_ALLOWED, MAX_RATIO * self._file.tell()):
            raise self._error(f"unpacks to more than {MAX_RATIO} times its size", "it unpacked")
        buffer[: len(data)] = data
        return len(data)

    def _error(self, what: str, remedy: str) -> IngestionError:
        return IngestionError(
            f"The gzip file {self._name} {what}: give {remedy}; nothing was changed."
        )
