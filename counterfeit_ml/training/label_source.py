"""Where labels come from: a folder of classes or a CSV, on disk or in S3."""

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Protocol

from counterfeit_ml.brands import NO_LOGO
from counterfeit_ml.errors import PartitionMissingError, TrainingError
from counterfeit_ml.lake import Lake
from counterfeit_ml.pictures import MAX_BYTES
from counterfeit_ml.training.inspection import Reason, RefusedLabelError

MAX_CSV_BYTES = 64 * 1024 * 1024
S3, CSV = "s3://", ".csv"
# What MLflow takes in the name of a metric.
_CLASS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,99}")
_UNFIT = "cannot name a class: up to 100 letters, digits, spaces and . _ - can"
_COLUMNS = ("image", "label")


@dataclass(frozen=True)
class LabelledFile:
    """One picture of a source: ``where`` names it, or its row, to people.

    ``labelled_by`` is whose word it is; None where it is the source's.
    """

    where: str
    path: str
    label: str
    seller_id: str | None = None
    labelled_by: str | None = None


@dataclass(frozen=True)
class Refusal:
    """One thing of a source that carries no label, and why."""

    reason: Reason
    where: str
    detail: str


@dataclass(frozen=True)
class LabelSource:
    """Everything that the folder or CSV ``root`` names.

    ``read`` gives the bytes of a file's ``path``; it raises ``RefusedLabelError``, or ``LakeError``
    where S3 does not answer. ``classes`` are all labels found; ``folders`` tells a folder of
    classes from others. ``whole``: a class that is left without a usable picture is a mistake.
    """

    name: str
    root: str
    classes: tuple[str, ...]
    files: tuple[LabelledFile, ...]
    read: Callable[[str], bytes]
    refused: tuple[Refusal, ...]
    folders: bool
    whole: bool = True


def open_source(lake: Lake, address: str | Path) -> LabelSource:
    """Look through ``address``: a folder, a CSV file, or either as ``s3://bucket/…``.

    Raises ``TrainingError`` for what is neither, ``LakeError``.
    """
    if not str(address):
        raise TrainingError("No source of labels: give the path of a folder, of a CSV, or s3://….")
    if str(address).startswith(S3):
        bucket, _, key = str(address)[len(S3) :].partition("/")
        tree: _Tree = _Bucket(lake.sibling(bucket), PurePosixPath(key.rstrip("/")))
    else:
        tree = _Disk(Path(address).resolve())
    return _csv(tree) if tree.root.suffix.lower() == CSV else _folders(tree)


def as_negatives(source: LabelSource, classes: Collection[str]) -> LabelSource:
    """The source with every label that is none of ``classes`` made ``no_logo``.

    Who labelled such a picture says whose goods it shows.
    """
    others = set(source.classes) - set(classes) - {NO_LOGO}
    files = [
        replace(one, label=NO_LOGO, labelled_by=f"{source.name}: {one.label}")
        if one.label in others
        else one
        for one in source.files
    ]
    found = (set(source.classes) - others) | ({NO_LOGO} if others else set())
    return replace(source, classes=tuple(sorted(found)), files=tuple(files))


def set_name(address: str | Path) -> str:
    """The name of a label set made of this source: that of the folder or the CSV."""
    path = PurePosixPath(str(address)) if str(address).startswith(S3) else Path(address).resolve()
    return path.stem if path.suffix.lower() == CSV else path.name


class _Tree(Protocol):
    """A place with files; paths are relative to ``root``, or to the CSV's folder."""

    @property
    def root(self) -> PurePath:
        """The folder or the CSV itself."""

    def classes(self) -> dict[str, list[str]]:
        """The names in each folder, and under "" those beside the folders."""

    def table(self) -> bytes:
        """The bytes of the CSV."""

    def read(self, path: str) -> bytes:
        """The bytes of one picture."""


class _Disk:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._pictures = root.parent if root.suffix.lower() == CSV else root

    def classes(self) -> dict[str, list[str]]:
        if not self.root.is_dir():
            raise TrainingError(
                f"{self.root} is not a folder: give one that holds a folder a class, or a .csv."
            )
        entries = _visible(self.root)
        found = {one.name: [f.name for f in _visible(one)] for one in entries if one.is_dir()}
        return {**found, "": [one.name for one in entries if not one.is_dir()]}

    def table(self) -> bytes:
        try:
            with self.root.open("rb") as file:
                return file.read(MAX_CSV_BYTES + 1)
        except OSError as error:
            raise TrainingError(f"{self.root} cannot be read: {error.strerror}.") from error

    def read(self, path: str) -> bytes:
        file = self._pictures / path
        try:
            if not file.is_file():
                found = "is no file" if file.exists() else "does not exist"
                raise RefusedLabelError(Reason.NOT_A_FILE, f"{path} {found}.")
            with file.open("rb") as opened:
                return opened.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise RefusedLabelError(
                Reason.UNREADABLE, f"{path!r} cannot be read: {error}."
            ) from error


class _Bucket:
    def __init__(self, lake: Lake, root: PurePosixPath) -> None:
        self.root, self._lake = root, lake
        self._pictures = root.parent if root.suffix.lower() == CSV else root

    def classes(self) -> dict[str, list[str]]:
        prefix = f"{self.root}/" if self.root.parts else ""
        found: dict[str, list[str]] = {"": []}
        for key in self._lake.keys(prefix):
            folder, _, name = key.removeprefix(prefix).rpartition("/")
            top, _, below = folder.partition("/")
            found.setdefault(top, []).append(f"{below}/{name}" if below else name)
        return found

    def table(self) -> bytes:
        return self._lake.get(str(self.root), at_most=MAX_CSV_BYTES)

    def read(self, path: str) -> bytes:
        try:
            return self._lake.get(str(self._pictures / path), at_most=MAX_BYTES)
        except PartitionMissingError as error:
            raise RefusedLabelError(Reason.NOT_A_FILE, f"{path} does not exist.") from error


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.name[0] != ".")
    except OSError as error:
        raise TrainingError(f"{folder} cannot be listed: {error.strerror}.") from error


def _folders(tree: _Tree) -> LabelSource:
    found = tree.classes()
    strays = tuple(
        Refusal(Reason.IN_NO_CLASS, name, f"{name} lies in no class's folder: move it into one.")
        for name in found.pop("", [])
    )
    if not found:
        raise TrainingError(f"{tree.root} holds no folder of pictures: make one a class.")
    for name in found:
        if not _CLASS.fullmatch(name):
            raise TrainingError(f"{tree.root}/{name!r} {_UNFIT}: rename the folder.")
    for name, inside in found.items():
        if not inside:
            raise TrainingError(f"{tree.root}/{name} is empty: add pictures or delete it.")
    paths = [(name, f"{name}/{file}") for name, inside in found.items() for file in inside]
    return LabelSource(
        name=f"folder {tree.root.name}",
        root=str(tree.root),
        classes=tuple(found),
        files=tuple(LabelledFile(path, path, name) for name, path in paths),
        read=tree.read,
        refused=strays,
        folders=True,
    )


def _csv(tree: _Tree) -> LabelSource:
    """``image,label[,seller_id]``; a bad row is refused by itself, a bad file whole."""
    name = tree.root.name
    files: list[LabelledFile] = []
    refused: list[Refusal] = []
    for number, row in _rows(tree, name):
        where = f"{name}:{number}"
        try:
            files.append(_labelled(row, where))
        except RefusedLabelError as error:
            refused.append(Refusal(error.reason, where, error.detail))
    if not files:
        why = f" ({refused[0].where}: {refused[0].detail})" if refused else ""
        raise TrainingError(f"{tree.root} has no usable row below its header{why}.")
    return LabelSource(
        name=f"file {name}",
        root=str(tree.root),
        classes=tuple(dict.fromkeys(one.label for one in files)),
        files=tuple(files),
        read=tree.read,
        refused=tuple(refused),
        folders=False,
    )


def _rows(tree: _Tree, name: str) -> Iterator[tuple[int, dict[str | None, str | None]]]:
    """Line number and fields of each row; raises ``TrainingError`` naming the file and the line."""
    text = _text(tree.table(), name)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        reader.fieldnames = [column.strip().lower() for column in reader.fieldnames or ()]
        missing = [column for column in _COLUMNS if column not in reader.fieldnames]
        if missing:
            raise TrainingError(
                f"{tree.root} has no column {' and no '.join(missing)}: its first line must name "
                "image (a path relative to the file), label and, where known, seller_id."
            )
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise TrainingError(f"{name}:{reader.line_num + 1} is not CSV: {error}.") from error


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_CSV_BYTES:
        raise TrainingError(f"{name} is larger than {MAX_CSV_BYTES} bytes: split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TrainingError(f"{name}:{line} is not UTF-8: export the file as UTF-8.") from error


def _labelled(row: dict[str | None, str | None], where: str) -> LabelledFile:
    if None in row or None in row.values():
        raise RefusedLabelError(Reason.BAD_ROW, "The row has more or fewer fields than the header.")
    image, label = ((row[column] or "").strip() for column in _COLUMNS)
    if not image or not label:
        raise RefusedLabelError(Reason.BAD_ROW, "The row names no picture or no label.")
    path = PurePosixPath(image.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise RefusedLabelError(Reason.BAD_ROW, f"{image!r} leads out of the folder of the CSV.")
    if not _CLASS.fullmatch(label):
        raise RefusedLabelError(Reason.UNKNOWN_LABEL, f"{label[:100]!r} {_UNFIT}.")
    return LabelledFile(where, str(path), label, (row.get("seller_id") or "").strip() or None)
