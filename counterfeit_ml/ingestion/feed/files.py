"""Where a feed's bytes come from: a path, S3 or the web, as a seekable file."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import BinaryIO
from urllib.parse import urlsplit

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.config import Feed, is_web
from counterfeit_ml.settings import Settings


@dataclass(frozen=True)
class File:
    """An open file of a feed."""

    name: str
    """For people; without the query of a URL, which may hold a key."""
    file: BinaryIO | io.RawIOBase
    version: Callable[[], str]
    """Differs when the file at its source has changed."""
    folder: Path | None
    """Where paths of pictures start; None where no picture can lie beside the feed."""


@contextmanager
def open_file(feed: Feed, ds: date, settings: Settings) -> Iterator[File]:
    """The file of one day. Raises ``IngestionError`` where it cannot be had."""
    address = feed.address(ds)
    if is_web(address):
        with _downloaded(address, feed.allow_local) as file:
            yield file
    elif address.lower().startswith("s3://"):
        from counterfeit_ml.ingestion.feed.bucket import s3_object

        bucket, _, key = address[len("s3://") :].partition("/")
        stream, version = s3_object(settings, bucket, key)
        yield File(PurePosixPath(key).name, stream, version, None)
    else:
        with _local(Path(address)) as file:
            yield file


@contextmanager
def _downloaded(url: str, allow_local: bool) -> Iterator[File]:
    from counterfeit_ml.ingestion.feed.download import download

    with TemporaryFile(prefix="counterfeit-feed-") as file:
        digest = download(url, allow_local, file)
        name = PurePosixPath(urlsplit(url).path).name or str(urlsplit(url).hostname)
        yield File(name, file, lambda: digest, None)


@contextmanager
def _local(path: Path) -> Iterator[File]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise IngestionError(f"The feed {path} is no file. Give the path of a feed's file.")
        file = path.open("rb")
    except OSError as error:
        raise IngestionError(
            f"The feed {path} cannot be read: {error.strerror}. Check its path in "
            f"config/marketplaces.yaml, or the source given; nothing was changed."
        ) from error
    with file:
        yield File(path.name, file, lambda: _stat(file), path.parent)


def _stat(file: BinaryIO) -> str:
    status = os.fstat(file.fileno())
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
