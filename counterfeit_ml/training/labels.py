"""Brings labelled pictures into the lake: one folder a class, any names inside."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import PictureError, TrainingError
from counterfeit_ml.lake import Lake
from counterfeit_ml.pictures import open_rgb
from counterfeit_ml.progress import track

UPLOADS = 16
# Of 64 bits. Re-encoded, resized or slightly cropped copies differ in up to about six.
NEAR_DUPLICATE_BITS = 6

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImportSummary:
    """What came in: distinct pictures by class, and the files that could not be read."""

    label_set: str
    pictures: dict[str, int]
    unreadable: tuple[str, ...]

    def __str__(self) -> str:
        total = sum(self.pictures.values())
        return (
            f"{total} pictures of {len(self.pictures)} classes, {len(self.unreadable)} unreadable"
        )


@dataclass(frozen=True)
class _Labelled:
    file: Path
    label: str
    digest: str
    fingerprint: int


def import_labels(
    lake: Lake, catalogue: BrandCatalogue, directory: Path, label_set: str, origin: str = "seed"
) -> ImportSummary:
    """Make the pictures in ``directory/<class>/`` the label set ``label_set``, replacing it.

    Unreadable files are skipped and listed. Raises ``TrainingError`` for a folder that is no class
    of ``brands.yaml``, a folder without a readable picture, or a picture under two labels.
    """
    files = _files(catalogue, directory)
    with ThreadPoolExecutor(UPLOADS) as pool:
        results = pool.map(lambda file: _upload(lake, file), files)
        found = list(track(results, f"labelled pictures of {directory.name}", len(files)))
    labelled = [one for one in found if isinstance(one, _Labelled)]
    pictures = _distinct(labelled)
    counts = Counter(one.label for one in pictures)
    for folder in sorted({file.parent for file in files}):
        if not counts[folder.name]:
            raise TrainingError(f"{folder} holds no readable picture: add some or delete it.")
    table = _table(pictures, origin, f"folder {directory.name}")
    lake.write(LABELS, table, label_set=label_set)
    unreadable = tuple(one for one in found if isinstance(one, str))
    log.info("label set %s: %d pictures, %d unreadable", label_set, len(pictures), len(unreadable))
    return ImportSummary(label_set, dict(sorted(counts.items())), unreadable)


def _files(catalogue: BrandCatalogue, directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise TrainingError(f"{directory} is not a folder: give one that holds a folder a class.")
    files = []
    for folder in sorted(entry for entry in directory.iterdir() if entry.is_dir()):
        if folder.name not in catalogue.classes:
            raise TrainingError(
                f"{folder} is no class: add the brand to brands.yaml or rename the folder to one "
                f"of {', '.join(catalogue.classes)}."
            )
        inside = [f for f in sorted(folder.iterdir()) if f.is_file() and f.name[0] != "."]
        if not inside:
            raise TrainingError(f"{folder} is empty: add pictures or delete it.")
        files += inside
    if not files:
        raise TrainingError(f"{directory} holds no folder of pictures: make one a class.")
    return files


def _upload(lake: Lake, file: Path) -> _Labelled | str:
    try:
        data = file.read_bytes()
        fingerprint = difference_hash(open_rgb(data, 32))
    except (PictureError, OSError) as error:
        log.warning("%s is skipped: %s", file, error)
        return f"{file}: {error}"
    return _Labelled(file, file.parent.name, lake.put_image(data), fingerprint)


def _distinct(labelled: Sequence[_Labelled]) -> list[_Labelled]:
    """One of each picture, ordered by digest; refuses one picture under two labels."""
    first: dict[str, _Labelled] = {}
    for one in labelled:
        other = first.setdefault(one.digest, one)
        if other.label != one.label:
            raise TrainingError(
                f"{other.file} and {one.file} are the same picture under two labels: delete the "
                "wrong one."
            )
    return [first[digest] for digest in sorted(first)]


def _table(pictures: Sequence[_Labelled], origin: str, labelled_by: str) -> pa.Table:
    groups = near_duplicate_groups([one.fingerprint for one in pictures])
    columns = {
        "image_sha256": [one.digest for one in pictures],
        "label": [one.label for one in pictures],
        # Named by its first member, so the name does not depend on what else was imported.
        "split_group": [pictures[group].digest[:16] for group in groups],
        "origin": [origin] * len(pictures),
        "labelled_by": [labelled_by] * len(pictures),
    }
    return pa.table(columns, schema=LABELS.schema)


def difference_hash(image: Image.Image) -> int:
    """64 bits that say where brightness rises from left to right in an 8 x 8 thumbnail (dHash)."""
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX)).astype(np.int16)
    return int.from_bytes(np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes(), "big")


def near_duplicate_groups(fingerprints: Sequence[int]) -> list[int]:
    """For each fingerprint, the index of the first one it is connected to by near-duplicates."""
    if not fingerprints:
        return []
    bits = np.array(fingerprints, np.uint64)
    pairs = np.array(list(_near_pairs(bits)))
    size = len(bits)
    edges = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (size, size))
    _, components = connected_components(edges, directed=False)
    _, first = np.unique(components, return_index=True)
    return [int(first[component]) for component in components]


def _near_pairs(bits: "np.ndarray[tuple[int], np.dtype[np.uint64]]") -> Iterator[tuple[int, int]]:
    for index, one in enumerate(bits):
        near = np.flatnonzero(np.bitwise_count(bits[index:] ^ one) <= NEAR_DUPLICATE_BITS)
        yield from ((index, index + int(other)) for other in near)
