"""Brings labelled pictures into the lake: what cannot be learned from is refused and counted."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.label_sets import ALL_BRANDS, EVALUATION, ORIGINS, OWN_CLASSES, classes_of
from counterfeit_ml.lake import Lake
from counterfeit_ml.progress import track
from counterfeit_ml.training.grouping import Member, join, parted
from counterfeit_ml.training.inspection import Reason, RefusedLabelError, inspect
from counterfeit_ml.training.label_conflicts import Labelled, settle, suspicions
from counterfeit_ml.training.label_source import (
    LabelledFile,
    LabelSource,
    Refusal,
    as_negatives,
    open_source,
)
from counterfeit_ml.training.label_summary import SHOWN, ImportSummary, by_count
from counterfeit_ml.training.splits import FEWEST_GROUPS, decide_splits

UPLOADS = 16

log = logging.getLogger(__name__)


def now() -> datetime:
    """The time of labelling, whole seconds in UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def import_labels(
    lake: Lake,
    catalogue: BrandCatalogue,
    source: str | Path | LabelSource,
    label_set: str,
    origin: str = "seed",
    brands: Sequence[str] = (),
    hard_negatives: bool = False,
) -> ImportSummary:
    """Make the pictures of ``source`` the label set ``label_set``, replacing it.

    ``source`` is a folder of classes or a CSV, on disk or ``s3://``, or one that is open already.
    ``brands`` are the classes taken, ``ALL_BRANDS`` every one; the catalogue's where none is given.
    With ``hard_negatives`` those of all others are taken too, as ``no_logo``: other makers' goods,
    whose marks are none of ours. A bad picture is refused, counted and logged. Raises
    ``TrainingError`` for a folder that is no class, a class without a usable picture or a source
    that cannot be read; ``LakeError``.
    """
    if origin not in ORIGINS:
        raise TrainingError(f"{origin!r} is no origin of labels: give one of {', '.join(ORIGINS)}.")
    stored = _Stored(lake, label_set)
    opened = source if isinstance(source, LabelSource) else open_source(lake, source)
    if hard_negatives:
        opened = as_negatives(opened, classes_of(catalogue, brands, opened.classes))
    files, unwanted = _chosen(catalogue, opened, brands)
    sound, unsound = _upload(lake, opened, files)
    agreed, conflicting = settle(sound)
    pictures, bridging = _grouped(agreed, stored)
    refused = [*opened.refused, *unsound, *conflicting, *bridging, *unwanted]
    if opened.whole:
        _check_classes(opened, files, pictures, refused)
    table = _table(pictures, stored, origin, opened.name)
    copies = len(sound) - len({(one.digest, one.label) for one in sound})
    summary = _summary(label_set, table, [one for one, _ in pictures], refused, copies)
    own = not set(summary.pictures) <= set(catalogue.classes)
    lake.write(LABELS, table, {OWN_CLASSES: own}, label_set=label_set)
    _tell(summary, refused)
    return summary


class _Stored:
    """What the lake was told before, by any set; read once, before anything is written."""

    def __init__(self, lake: Lake, label_set: str) -> None:
        lake.exists(LABELS, label_set=label_set)  # a name that cannot be one is refused first
        sets = lake.partitions(LABELS)
        rows = [row for one in sets for row in lake.read(LABELS, **one).to_pylist()]
        self.times = {
            (row["image_sha256"], row["label"]): row["labelled_at"]
            for row in rows
            if row["label_set"] == label_set
        }
        # Imported before there were splits: not decided yet.
        self.members = [Member.stored(row) for row in rows if row["split"] is not None]
        self.by_digest = {one.digest: one for one in self.members}


def _chosen(
    catalogue: BrandCatalogue, source: LabelSource, brands: Sequence[str]
) -> tuple[list[LabelledFile], list[Refusal]]:
    """The files whose class is taken, and the refusal of each other one."""
    classes = classes_of(catalogue, brands, source.classes)
    absent = [name for name in brands if name not in source.classes]
    if absent and tuple(brands) != ALL_BRANDS:
        raise TrainingError(
            f"The {source.name} has no {', '.join(absent)}: it has {', '.join(source.classes)}."
        )
    unknown = [name for name in source.classes if name not in classes]
    if unknown and source.folders and not brands:
        raise TrainingError(
            f"{source.root}/{unknown[0]} is no class: add the brand to brands.yaml, rename the "
            f"folder to one of {', '.join(classes)}, or choose classes with --brands."
        )
    reason = Reason.NOT_CHOSEN if brands else Reason.UNKNOWN_LABEL
    detail = "{} is none of the classes taken: " + ", ".join(classes[:20])
    others = [
        Refusal(reason, one.where, f"{detail.format(one.label)}.")
        for one in source.files
        if one.label not in classes
    ]
    return [one for one in source.files if one.label in classes], others


def _upload(
    lake: Lake, source: LabelSource, files: Sequence[LabelledFile]
) -> tuple[list[Labelled], list[Refusal]]:
    def upload(file: LabelledFile) -> Labelled | Refusal:
        try:
            data = source.read(file.path)
            picture = inspect(data)
        except RefusedLabelError as error:
            return Refusal(error.reason, file.where, error.detail)
        lake.put_image(data)
        return Labelled(file, picture)

    with ThreadPoolExecutor(UPLOADS) as pool:
        found = list(track(pool.map(upload, files), f"labels of the {source.name}", len(files)))
    refused = [one for one in found if isinstance(one, Refusal)]
    return [one for one in found if isinstance(one, Labelled)], refused


def _grouped(
    pictures: Sequence[Labelled], stored: _Stored
) -> tuple[list[tuple[Labelled, Member]], list[Refusal]]:
    """Each picture with its group, and the refusal of those that bridge the splits."""
    found = {one.digest: _member(one) for one in pictures}
    known = {digest: stored.by_digest[digest] for digest in found if digest in stored.by_digest}
    # Their sellers may be told only now.
    told = [replace(member, seller_id=found[digest].seller_id) for digest, member in known.items()]
    new = [member for digest, member in found.items() if digest not in known]
    placed, bridging = join(new, [*stored.members, *told])
    bridging |= parted(list(known.values()), stored.members)
    members = {**known, **{member.digest: member for member in placed}}
    detail = (
        "It ties a picture of the evaluation to one of the training, by likeness or seller, so it "
        "can be in neither."
    )
    refused = [
        Refusal(Reason.BRIDGES_SPLITS, one.file.where, detail)
        for one in pictures
        if one.digest in bridging
    ]
    return [(one, members[one.digest]) for one in pictures if one.digest not in bridging], refused


def _member(one: Labelled) -> Member:
    return Member(one.digest, one.picture.phash, one.picture.dhash, one.file.seller_id)


def _check_classes(
    source: LabelSource,
    files: Sequence[LabelledFile],
    pictures: Sequence[tuple[Labelled, Member]],
    refused: Sequence[Refusal],
) -> None:
    """Raises ``TrainingError`` for a class that is left without a picture."""
    whole, left = {one.label for one in files}, {one.label for one, _ in pictures}
    for label in sorted(whole - left):
        own = {one.where for one in files if one.label == label}
        first = next(one for one in refused if one.where in own)
        raise TrainingError(
            f"{source.root} has no usable picture of {label} ({first.where}: {first.detail}): add "
            "some or take the class out."
        )
    if not pictures:
        raise TrainingError(f"{source.root} has no usable picture: {refused[0].detail}")


def _table(
    pictures: Sequence[tuple[Labelled, Member]], stored: _Stored, origin: str, source: str
) -> pa.Table:
    splits, at = _splits(pictures), now()
    rows = [
        {
            "image_sha256": one.digest,
            "label": one.label,
            "split_group": member.group,
            "split": splits[member.group or ""],
            "seller_id": one.file.seller_id,
            "width": one.picture.width,
            "height": one.picture.height,
            "phash": f"{one.picture.phash:016x}",
            "dhash": f"{one.picture.dhash:016x}",
            "origin": origin,
            "labelled_by": one.file.labelled_by or source,
            "labelled_at": stored.times.get((one.digest, one.label)) or at,
        }
        for one, member in pictures
    ]
    return pa.Table.from_pylist(rows, LABELS.schema)


def _splits(pictures: Sequence[tuple[Labelled, Member]]) -> dict[str, str]:
    decided = {member.group: member.split for _, member in pictures}
    return decide_splits(
        [one.label for one, _ in pictures],
        [member.group or "" for _, member in pictures],
        {group: split for group, split in decided.items() if group and split},
    )


def _summary(
    label_set: str,
    table: pa.Table,
    pictures: Sequence[Labelled],
    refused: Sequence[Refusal],
    copies: int,
) -> ImportSummary:
    rows = table.to_pylist()
    counts = Counter(row["label"] for row in rows)
    return ImportSummary(
        label_set=label_set,
        pictures=dict(sorted(counts.items())),
        evaluation=dict(
            sorted(Counter(r["label"] for r in rows if r["split"] == EVALUATION).items())
        ),
        groups=len({row["split_group"] for row in rows}),
        copies=copies,
        converted=by_count([kind for one in pictures for kind in one.picture.converted]),
        refused=by_count([one.reason.value for one in refused]),
        refusals=tuple(f"{one.where}: {one.reason}: {one.detail}" for one in refused[:SHOWN]),
        notes=(*_thin(rows), *suspicions(pictures)[:SHOWN]),
    )


def _thin(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence for each class that cannot be measured."""
    groups: dict[str, set[str]] = {}
    sizes = Counter(row["label"] for row in rows)
    for row in rows:
        groups.setdefault(row["label"], set()).add(row["split_group"])
    return [
        f"{label} (pictures: {sizes[label]}, groups: {len(found)}) only trains, and nothing "
        f"measures it until there are {FEWEST_GROUPS} groups."
        for label, found in sorted(groups.items())
        if len(found) < FEWEST_GROUPS
    ]


def _tell(summary: ImportSummary, refused: Sequence[Refusal]) -> None:
    for one in refused:
        if one.reason is Reason.NOT_CHOSEN:  # as was asked for: the count tells enough
            continue
        log.warning("refused, %s: %s: %s", one.reason, one.where, one.detail)
    for note in summary.notes:
        log.warning("%s", note)
    log.info(
        "label set %s: %s %s %s", summary.label_set, summary, summary.refused, summary.converted
    )
