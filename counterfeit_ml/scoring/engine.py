"""The engine: pictures to probabilities, as fast as the cores allow and in bounded memory.

A few threads fetch ahead, for S3 is slow to answer and costs little. One thread a core decodes and
scores, each with an interpreter of its own: a core that does both from one picture to the next
never waits for another, as the threads of a shared interpreter do at every layer.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from queue import SimpleQueue

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from counterfeit_ml.datasets import IMAGE_SCORES
from counterfeit_ml.errors import PartitionMissingError, PictureError
from counterfeit_ml.heap import few_arenas
from counterfeit_ml.lake import Lake
from counterfeit_ml.logo_classifier import LogoClassifier
from counterfeit_ml.patience import patiently
from counterfeit_ml.pictures import MAX_BYTES, SIZE, decode
from counterfeit_ml.scoring.image_scores import DIGEST

FETCHES = 16
"""In flight at once: S3 takes some 30 ms to answer, a core scores a picture in six or more."""
CHUNK = 16
"""Pictures that a core takes at once, and rows of a record batch: with more, cores wait for the
last one at the end of a shard."""
AHEAD = 4
"""Chunks that are fetched while all cores are at work."""
SMALL = 1024 * 1024
"""Bytes of a picture that is fetched ahead; a larger one waits in S3 until a core has time."""

_DIGEST = re.compile(DIGEST)


def score_pictures(
    lake: Lake, classifiers: Sequence[LogoClassifier], digests: Iterable[str | None]
) -> Iterator[pa.RecordBatch]:
    """A row of ``IMAGE_SCORES`` for each of ``digests``, in their order, on a core a classifier.

    What cannot be scored is a row with the reason. S3 may be away for a minute; after that
    ``LakeError``. Memory does not grow with the number of digests.
    """
    few_arenas()  # each shard has threads of its own: their heaps would pile up
    idle: SimpleQueue[LogoClassifier] = SimpleQueue()
    for classifier in classifiers:
        idle.put(classifier)
    # The inner pool is cancelled first: the outer one's threads wait for what it fetches.
    with _threads(len(classifiers)) as cores, _threads(FETCHES) as fetching:

        def begin(chunk: list[str | None]) -> Future[pa.RecordBatch]:
            fetched = [fetching.submit(_fetch, lake, digest) for digest in chunk]
            return cores.submit(_score, lake, idle, chunk, fetched)

        yield from _in_order(map(begin, _chunks(digests)), len(classifiers) + AHEAD)


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that on leaving finish what they are at, and begin nothing more."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(begun: Iterator[Future[pa.RecordBatch]], at_once: int) -> Iterator[pa.RecordBatch]:
    waiting = deque(islice(begun, at_once))
    while waiting:
        found = waiting.popleft().result()
        waiting.extend(islice(begun, 1))
        yield found


def _chunks(digests: Iterable[str | None]) -> Iterator[list[str | None]]:
    rest = iter(digests)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _fetch(lake: Lake, digest: str | None, at_most: int = SMALL) -> bytes:
    """A picture's bytes; of one that has more than ``at_most``, so many and one more."""
    if not _DIGEST.fullmatch(digest or ""):
        raise PictureError(f"{str(digest)[:80]!r} is not the digest of a picture.")
    key = lake.image_key(str(digest))
    try:
        return patiently(lambda: lake.get(key, at_most))
    except PartitionMissingError as error:
        raise PictureError(
            f"{key} is not in the lake: ingest a day that lists the picture again."
        ) from error


def _score(
    lake: Lake,
    idle: "SimpleQueue[LogoClassifier]",
    chunk: list[str | None],
    fetched: list[Future[bytes]],
) -> pa.RecordBatch:
    classifier = idle.get()
    try:
        pixels, errors = _decoded(lake, chunk, fetched)
        return _rows(chunk, errors, classifier.classes, classifier.predict(pixels))
    finally:
        idle.put(classifier)


def _decoded(
    lake: Lake, chunk: list[str | None], fetched: list[Future[bytes]]
) -> tuple[NDArray[np.uint8], list[str | None]]:
    """The pixels of those that can be decoded, without gaps; and of each why it cannot, if so."""
    pixels = np.empty((len(chunk), SIZE, SIZE, 3), np.uint8)
    errors: list[str | None] = []
    readable = 0
    for number, digest in enumerate(chunk):
        try:
            pixels[readable] = decode(_whole(lake, digest, fetched[number].result()))
            readable += 1
            errors.append(None)
        except PictureError as error:
            errors.append(str(error))
    return pixels[:readable], errors


def _whole(lake: Lake, digest: str | None, data: bytes) -> bytes:
    if len(data) > SMALL:
        data = _fetch(lake, digest, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise PictureError(f"The picture is larger than the {MAX_BYTES:,} bytes that are read.")
    return data


def _rows(
    digests: list[str | None],
    errors: list[str | None],
    classes: Sequence[str],
    probabilities: NDArray[np.float32],
) -> pa.RecordBatch:
    """Rows of ``IMAGE_SCORES``; ``probabilities`` are those of the digests without an error."""
    unreadable = np.array([error is not None for error in errors])
    ends = np.cumsum(~unreadable) * len(classes)
    maps = pa.MapArray.from_arrays(
        pa.array(np.concatenate([[0], ends]), pa.int32()),
        pa.array(list(classes) * len(probabilities), pa.string()),
        pa.array(probabilities.ravel(), pa.float32()),
        mask=pa.array(unreadable),
    )
    named = pa.array([digest or "" for digest in digests], pa.string())
    return pa.record_batch([named, maps, pa.array(errors, pa.string())], IMAGE_SCORES.schema)
