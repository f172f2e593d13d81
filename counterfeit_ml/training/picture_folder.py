"""Reads a folder of classes where there is no lake: one folder of pictures a class."""

import io
import logging
from collections import Counter, defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from counterfeit_ml.brands import NO_LOGO
from counterfeit_ml.errors import PictureError, TrainingError
from counterfeit_ml.pictures import FORMATS, MAX_PIXELS, open_rgb
from counterfeit_ml.progress import track
from counterfeit_ml.training.dataset import TrainingSet
from counterfeit_ml.training.labels import difference_hash, near_duplicate_groups

MAX_BYTES = 100 * 1024 * 1024
TINY = 16  # pixels of the shorter side; below that no mark can be told
READERS = 4
EXIF_ORIENTATION = 0x0112

# Why a file is not used, beside what makes it unreadable.
COPY = "copy of another file"
TWO_LABELS = "same picture under two labels"
SEEN_IN_TEST = "near-duplicate of a test picture"

log = logging.getLogger(__name__)


class _UnusableError(Exception):
    """In a few words, the same for every file of that kind."""


@dataclass(frozen=True)
class LabelledFile:
    """A readable picture: its class, the sha256 of its bytes, its perceptual hash."""

    file: Path
    label: str
    digest: str
    fingerprint: int
    evened_out: tuple[str, ...]


@dataclass(frozen=True)
class PictureFolder:
    """The distinct pictures of a folder, in order of their digest, and what was not taken."""

    directory: Path
    pictures: tuple[LabelledFile, ...]
    unreadable: Counter[str]
    """Files by what is wrong with them."""
    left_out: Counter[str]
    """Readable files by why they are not used."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that have a picture: in order, ``no_logo`` last."""
        names = {one.label for one in self.pictures}
        return (*sorted(names - {NO_LOGO}), *(names & {NO_LOGO}))

    @property
    def evened_out(self) -> Counter[str]:
        """Pictures used that are not plain RGB, upright and still, by what they are instead."""
        return Counter(word for one in self.pictures for word in one.evened_out)

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {one.digest: one.file for one in self.pictures}

    def load(self, digest: str) -> bytes:
        """The bytes of the picture with this digest; ``TrainingError`` if it changed or went."""
        file = self._files[digest]
        try:
            data = file.read_bytes()
        except OSError as error:
            raise TrainingError(f"{file} cannot be read any more: {error}. Start again.") from error
        if sha256(data).hexdigest() != digest:
            raise TrainingError(f"{file} was changed while it was used: start again.")
        return data

    def without(self, unwanted: Collection[str], why: str) -> "PictureFolder":
        """The folder without the pictures of these digests, which are counted as ``why``."""
        kept = tuple(one for one in self.pictures if one.digest not in unwanted)
        gone = Counter({why: len(self.pictures) - len(kept)})
        return replace(self, pictures=kept, left_out=self.left_out + gone)

    def training_set(self) -> TrainingSet:
        """The pictures as ``learn`` takes them, near-duplicates in one group."""
        groups = near_duplicate_groups([one.fingerprint for one in self.pictures])
        place = {name: index for index, name in enumerate(self.classes)}
        return TrainingSet(
            classes=self.classes,
            label_sets=(self.directory.resolve().name,),
            digests=tuple(one.digest for one in self.pictures),
            labels=np.array([place[one.label] for one in self.pictures], np.int64),
            groups=tuple(self.pictures[group].digest for group in groups),
        )


def read_folder(directory: Path, brands: Collection[str] = ()) -> PictureFolder:
    """The pictures in ``directory/<class>/``, only of these brands and ``no_logo`` if named.

    A file that cannot be used is logged and counted. Raises ``TrainingError`` for a folder that is
    none or holds no picture of the brands.
    """
    files = _files(directory, {*brands, NO_LOGO} if brands else ())
    with ThreadPoolExecutor(READERS) as pool:
        read = list(track(pool.map(_read, files), f"pictures of {directory}", len(files)))
    folder = PictureFolder(
        directory,
        tuple(one for one in read if isinstance(one, LabelledFile)),
        Counter(one for one in read if isinstance(one, str)),
        Counter(),
    )
    folder = _distinct(folder)
    if not folder.pictures:
        raise TrainingError(
            f"{directory} holds no readable picture in a folder named by its class"
            f"{' among ' + ', '.join(sorted(brands)) if brands else ''}: make one folder a class."
        )
    return folder


def near_duplicates(folder: PictureFolder, other: PictureFolder) -> set[str]:
    """Digests of the pictures of ``folder`` that are, through others even, copies in ``other``."""
    pictures = [*other.pictures, *folder.pictures]
    groups = near_duplicate_groups([one.fingerprint for one in pictures])
    seen = set(groups[: len(other.pictures)])
    alike = zip(folder.pictures, groups[len(other.pictures) :], strict=True)
    return {one.digest for one, group in alike if group in seen}


def _files(directory: Path, only: Collection[str]) -> list[Path]:
    folders = [entry for entry in _visible(directory) if entry.is_dir()]
    chosen = [folder for folder in folders if not only or folder.name in only]
    for folder in chosen:
        if not folder.name.isprintable():
            raise TrainingError(
                f"{str(folder)!r} cannot name a class: rename the folder, in UTF-8 and on one line."
            )
    return [file for folder in chosen for file in _visible(folder)]


def _visible(directory: Path) -> list[Path]:
    try:
        return sorted(entry for entry in directory.iterdir() if entry.name[0] != ".")
    except OSError as error:
        raise TrainingError(
            f"{directory} cannot be listed ({error.strerror}): give a folder that holds a folder "
            "of pictures a class."
        ) from error


def _read(file: Path) -> LabelledFile | str:
    """The picture in a file, or in a few words why there is none."""
    try:
        return _picture(file)
    except _UnusableError as error:
        log.warning("%s is left out: %s", file, error)
        return str(error)


def _picture(file: Path) -> LabelledFile:
    data = _bytes(file)
    try:
        image, words = open_rgb(data, 2 * TINY), _evened_out(data)
    except PictureError as error:
        raise _UnusableError(_why(error)) from error
    if min(image.size) < TINY:
        raise _UnusableError(f"smaller than {TINY} pixels")
    digest = sha256(data).hexdigest()
    return LabelledFile(file, file.parent.name, digest, difference_hash(image), words)


def _evened_out(data: bytes) -> tuple[str, ...]:
    """What reading this picture changes, in words."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            found = {
                "grey": image.mode in ("1", "L", "LA"),
                "CMYK": image.mode == "CMYK",
                "16-bit": image.mode.startswith("I"),
                "transparent": image.has_transparency_data,
                "turned by EXIF": image.getexif().get(EXIF_ORIENTATION, 1) in range(2, 9),
                # A phone's JPEG may carry a second picture behind it, which is no animation.
                "animated": image.format != "MPO" and getattr(image, "is_animated", False),
            }
    except Exception as error:  # decoders raise what they like on hostile bytes
        raise PictureError(f"The picture's header is broken: {error}.") from error
    return tuple(name for name, true in found.items() if true)


def _bytes(file: Path) -> bytes:
    try:
        if not file.is_file():
            raise _UnusableError("no file")
        if file.stat().st_size > MAX_BYTES:
            raise _UnusableError(f"over {MAX_BYTES >> 20} MB")
        data = file.read_bytes()
    except OSError as error:
        raise _UnusableError(f"cannot be opened ({error.strerror})") from error
    if not data:
        raise _UnusableError("empty file")
    return data


def _why(error: PictureError) -> str:
    cause = error.__cause__
    if isinstance(cause, UnidentifiedImageError):
        return "no picture of a known format"
    if cause is None or isinstance(cause, Image.DecompressionBombError):
        return f"over {MAX_PIXELS // 1_000_000} megapixels"
    return "broken or cut short"


def _distinct(folder: PictureFolder) -> PictureFolder:
    """Each picture once; none that stands under two labels, as nobody knows which is right."""
    same: dict[str, list[LabelledFile]] = defaultdict(list)
    for one in folder.pictures:
        same[one.digest].append(one)
    disputed = {digest for digest, files in same.items() if len({f.label for f in files}) > 1}
    for digest in sorted(disputed):
        names = ", ".join(str(one.file) for one in same[digest])
        log.warning("%s are left out: %s", names, TWO_LABELS)
    kept = folder.without(disputed, TWO_LABELS)
    first = {one.digest: one for one in reversed(kept.pictures)}
    copies = Counter({COPY: len(kept.pictures) - len(first)})
    pictures = tuple(first[digest] for digest in sorted(first))
    return replace(kept, pictures=pictures, left_out=kept.left_out + copies)
