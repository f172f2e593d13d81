"""The lake's objects into one file and back, each under the sha256 of its bytes.

``lake.objects`` has the bytes one object after the other; ``lake.jsonl`` has a line an object:
key, media type, sha256, and where its bytes stand.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, TypeVar

from counterfeit_ml.errors import BackupError, PartitionMissingError
from counterfeit_ml.lake import Lake, StoredObject
from counterfeit_ml.progress import track

BYTES, INDEX = "lake.objects", "lake.jsonl"
# S3 answers many small requests at once; so many objects are in memory.
AT_ONCE = 16
# Who writes a partition while it is copied makes another look necessary.
LOOKS = 5

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class SavedObject:
    """One object of a backup: ``size`` bytes from ``offset`` of ``lake.objects`` on."""

    key: str
    size: int
    offset: int
    sha256: str
    media_type: str | None


def save_objects(lake: Lake, folder: Path) -> int:
    """Write every object into ``folder``, as they all are at one moment; how many.

    Objects written meanwhile are taken again; raises ``BackupError`` where that does not end.
    """
    saved: dict[StoredObject, SavedObject] = {}
    listed: list[StoredObject] = []
    with (folder / BYTES).open("wb") as file:
        for _ in range(LOOKS):
            before, listed = listed, lake.objects()
            # A list takes a while: only where it comes out the same twice it is of one moment.
            if listed == before and saved.keys() >= set(listed):
                return _write_index(folder, [saved[one] for one in listed])
            saved |= _append(lake, [one for one in listed if one not in saved], file)
    raise BackupError(
        f"The lake was written to during each of {LOOKS} looks: back up when no DAG runs, or pause "
        "them in Airflow meanwhile."
    )


def load_objects(lake: Lake, folder: Path) -> int:
    """Put every object of a backup into the lake; how many. Raises ``BackupError``."""
    saved = read_index(folder)

    def put(one: SavedObject, data: bytes) -> None:
        _check(one, data, folder)
        lake.store_as(one.key, data, one.media_type)

    with (folder / BYTES).open("rb") as file:
        pairs = ((one, _read(file, one)) for one in saved)
        done = _side_by_side(lambda pair: put(*pair), pairs)
        return sum(1 for _ in track(done, "objects", len(saved)))


def read_index(folder: Path) -> list[SavedObject]:
    """The objects of a backup, in the order of their keys."""
    lines = (folder / INDEX).read_text("utf-8").splitlines()
    return [SavedObject(**json.loads(line)) for line in lines]


def _append(
    lake: Lake, objects: list[StoredObject], file: BinaryIO
) -> dict[StoredObject, SavedObject]:
    found = _side_by_side(lambda one: _fetch(lake, one), objects)
    saved = {}
    for one, content in track(found, "objects", len(objects)):
        if content is not None:
            data, media_type = content
            digest = sha256(data).hexdigest()
            saved[one] = SavedObject(one.key, len(data), file.tell(), digest, media_type)
            file.write(data)
    return saved


def _fetch(lake: Lake, one: StoredObject) -> tuple[StoredObject, tuple[bytes, str | None] | None]:
    """An object's content; None where it was deleted or written anew since it was listed."""
    try:
        data, media_type, e_tag = lake.fetch(one.key)
    except PartitionMissingError:
        return one, None
    return one, (data, media_type) if e_tag == one.e_tag else None


def _write_index(folder: Path, saved: list[SavedObject]) -> int:
    lines = "".join(f"{json.dumps(asdict(one), sort_keys=True)}\n" for one in saved)
    (folder / INDEX).write_text(lines, "utf-8")
    return len(saved)


def _read(file: BinaryIO, one: SavedObject) -> bytes:
    file.seek(one.offset)
    return file.read(one.size)


def _check(one: SavedObject, data: bytes, folder: Path) -> None:
    if sha256(data).hexdigest() != one.sha256:
        raise BackupError(f"{folder / BYTES} is damaged at {one.key}: take another backup.")


def _side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results in the order of ``items``, of which ``AT_ONCE`` are worked on at a time."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) == AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
