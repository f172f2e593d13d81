"""Reads a folder of classes where there is no lake: one folder of pictures a class."""

import logging
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from counterfeit_ml.brands import NO_LOGO
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.near_duplicates import Hashes, as_hashes, near_pairs
from counterfeit_ml.pictures import MAX_BYTES
from counterfeit_ml.progress import track
from counterfeit_ml.training.dataset import TrainingSet
from counterfeit_ml.training.grouping import Member, joined_groups
from counterfeit_ml.training.inspection import Reason, RefusedLabelError, inspect
from counterfeit_ml.training.label_conflicts import Labelled, settle
from counterfeit_ml.training.label_source import LabelledFile, Refusal

READERS = 4

# Why a readable picture is not used, beside what ``settle`` refuses.
COPY = "copy of another file"
SEEN_IN_TEST = "near-duplicate of a test picture"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureFolder:
    """The distinct pictures of a folder, in order of their digest, and what was not taken."""

    directory: Path
    pictures: tuple[Labelled, ...]
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
    def converted(self) -> Counter[str]:
        """Pictures used that are not plain RGB, upright and still, by what they are instead."""
        return Counter(word for one in self.pictures for word in one.picture.converted)

    @property
    def hashes(self) -> Hashes:
        """Of each picture, for comparison."""
        return as_hashes([(one.picture.phash, one.picture.dhash) for one in self.pictures])

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {one.digest: Path(one.file.path) for one in self.pictures}

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
        pictures = [(one.digest, one.picture.phash, one.picture.dhash) for one in self.pictures]
        place = {name: index for index, name in enumerate(self.classes)}
        return TrainingSet(
            classes=self.classes,
            label_sets=(self.directory.resolve().name,),
            digests=tuple(one.digest for one in self.pictures),
            labels=np.array([place[one.label] for one in self.pictures], np.int64),
            groups=tuple(joined_groups([Member(*picture, None) for picture in pictures])),
        )


def read_folder(directory: Path, brands: Collection[str] = ()) -> PictureFolder:
    """The pictures in ``directory/<class>/``, only of these brands and ``no_logo`` if named.

    A file that cannot be used is logged and counted. Raises ``TrainingError`` for a folder that is
    none or holds no picture of the brands.
    """
    files = _files(directory, {*brands, NO_LOGO} if brands else ())
    with ThreadPoolExecutor(READERS) as pool:
        read = list(track(pool.map(_read, files), f"pictures of {directory}", len(files)))
    sound = [one for one in read if isinstance(one, Labelled)]
    pictures, disputed = settle(sound)
    _tell(disputed)
    copies = Counter({COPY: len(sound) - len(pictures) - len(disputed)})
    folder = PictureFolder(
        directory,
        tuple(pictures),
        Counter(one.reason.value for one in read if isinstance(one, Refusal)),
        copies + Counter(one.reason.value for one in disputed),
    )
    if not folder.pictures:
        raise TrainingError(
            f"{directory} holds no readable picture in a folder named by its class"
            f"{' among ' + ', '.join(sorted(brands)) if brands else ''}: make one folder a class."
        )
    return folder


def near_duplicates(folder: PictureFolder, other: PictureFolder) -> set[str]:
    """Digests of the pictures of ``folder`` that look like one in ``other``."""
    pairs = near_pairs(folder.hashes, other.hashes)
    return {folder.pictures[index].digest for index, _ in pairs}


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


def _read(file: Path) -> Labelled | Refusal:
    try:
        picture = inspect(_bytes(file))
    except RefusedLabelError as error:
        refusal = Refusal(error.reason, str(file), error.detail)
        _tell([refusal])
        return refusal
    return Labelled(LabelledFile(str(file), str(file), file.parent.name), picture)


def _bytes(file: Path) -> bytes:
    if not file.is_file():
        raise RefusedLabelError(Reason.NOT_A_FILE, "It is no file, or leads nowhere.")
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise RefusedLabelError(Reason.UNREADABLE, f"It cannot be read: {error}.") from error


def _tell(refused: Collection[Refusal]) -> None:
    for one in refused:
        log.warning("%s is left out: %s", one.where, one.detail)
