"""Reads an object of S3 as a file, by ranges, with the lake's credentials."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import obstore
from obstore.exceptions import BaseError as ObstoreError

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.lake import bucket_store
from counterfeit_ml.settings import Settings

READ_AHEAD = 8 << 20


def s3_object(settings: Settings, bucket: str, key: str) -> tuple[io.RawIOBase, Callable[[], str]]:
    """The object as a seekable file, and a function that tells its present version."""
    address = f"s3://{bucket}/{key}"
    store = bucket_store(settings, bucket)

    def version() -> str:
        with _reporting(address):
            about = obstore.head(store, key)
            return f"{about['e_tag']} {about['size']} {about['last_modified'].isoformat()}"

    version()  # before it is read: the error is then that it does not exist
    with _reporting(address):
        return _Object(address, obstore.open_reader(store, key, buffer_size=READ_AHEAD)), version


class _Object(io.RawIOBase):
    """obstore's reader as Python's files are."""

    def __init__(self, address: str, reader: "obstore.ReadableFile") -> None:
        self._address, self._reader = address, reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _reporting(self._address):
            data = self._reader.read(len(buffer))
        buffer[: len(data)] = memoryview(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _reporting(self._address):
            return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()


@contextmanager
def _reporting(address: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise IngestionError(
            f"The feed {address} does not exist: check its bucket and key; nothing was changed."
        ) from error
    except (ObstoreError, OSError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise IngestionError(
            f"The feed {address} cannot be read with the login of the connection `lake`: check "
            f"that it may read this bucket; nothing was changed. ({reason})"
        ) from error
