"""The lake: the only place that knows the S3 layout.

A partition is a folder of Parquet files plus ``_manifest.json``, written last, which lists them:
a reader goes by the manifest and so sees the old partition or the new one, never half of each.
Parts are named by their content, so the same rows written twice are the same objects.
"""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import obstore
import pyarrow as pa
import pyarrow.parquet as pq
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.exceptions import BaseError as ObstoreError
from obstore.store import S3Store

from counterfeit_ml.datasets import Dataset
from counterfeit_ml.errors import ConfigError, LakeError, PartitionMissingError
from counterfeit_ml.lineage import note_read, note_written
from counterfeit_ml.settings import Settings

if TYPE_CHECKING:
    from obstore import PutMode

MANIFEST = "_manifest.json"
STAGING = "_staging"
IMAGES = "images"
PART_ROWS, PART_BYTES = 50_000, 8 * 1024 * 1024
"""Of one Parquet file where a partition is written as it comes, before compression."""
READERS = 4
"""Parts of a partition that are fetched at a time."""

PARQUET_MAGIC = b"PAR1"
FOOTER_END = 4 + len(PARQUET_MAGIC)
"""A Parquet file ends with the length of its footer, little-endian, and the magic."""


@dataclass(frozen=True)
class Manifest:
    """What a published partition holds; ``summary`` is what its writer wants remembered."""

    files: tuple[str, ...]
    rows: int
    summary: dict[str, Any] = field(default_factory=dict)


class StoredObject(NamedTuple):
    """An object as S3 lists it; of one that is written again ``e_tag`` changes."""

    key: str
    size: int
    e_tag: str


def bucket_store(settings: Settings, bucket: str) -> S3Store:
    """A bucket of the S3 service that ``settings`` name, with their login."""
    return S3Store(
        bucket,
        endpoint=settings.lake_endpoint,
        access_key_id=settings.lake_access_key,
        secret_access_key=settings.lake_secret_key.get_secret_value(),
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": settings.lake_endpoint.startswith("http://")},
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=20)},
    )


class Lake:
    """Datasets, pictures and plain objects in one S3 bucket."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.endpoint = settings.lake_endpoint
        self.bucket = settings.lake_bucket
        self.store = bucket_store(settings, settings.lake_bucket)

    def sibling(self, bucket: str) -> "Lake":
        """Another bucket of the same service, with the same login."""
        return Lake(self.settings.model_copy(update={"lake_bucket": bucket}))

    # Datasets

    def write(
        self,
        dataset: Dataset,
        table: pa.Table,
        summary: dict[str, Any] | None = None,
        **partition: str,
    ) -> Manifest:
        """Replace one partition by ``table``. Safe to repeat: equal rows give equal bytes."""
        data = _parquet(dataset, table)
        name = _part_name(data, 0)
        self.put(f"{_prefix(dataset, partition)}/{name}", data)
        return self._publish(dataset, partition, Manifest((name,), table.num_rows, summary or {}))

    def write_batches(
        self,
        dataset: Dataset,
        batches: Iterable[pa.RecordBatch],
        summary: dict[str, Any] | None = None,
        append: bool = False,
        **partition: str,
    ) -> Manifest:
        """As ``write``, for rows that need not fit into memory; they keep their order.

        With ``append`` the partition keeps the rows it has: ``batches`` must hold other ones.
        """
        files, rows = self._begun(dataset, append, partition)
        for table in _parts(dataset, batches, at_least_one=not files):
            data = _encoded(dataset, table)
            files.append(_part_name(data, len(files)))
            self.put(f"{_prefix(dataset, partition)}/{files[-1]}", data)
            rows += table.num_rows
        return self._publish(dataset, partition, Manifest(tuple(files), rows, summary or {}))

    def stage(self, dataset: Dataset, table: pa.Table, run: str, part: int) -> str:
        """Write one part of a partition to come, unseen by readers; returns its staged key."""
        data = _parquet(dataset, table)
        key = f"{STAGING}/{dataset.name}/{run}/{_part_name(data, part)}"
        self.put(key, data)
        return key

    def staged(self, dataset: Dataset, run: str) -> list[str]:
        """Keys of the parts that ``run``, or all runs below it, staged and nobody published."""
        return self.keys(f"{STAGING}/{dataset.name}/{run}/")

    def append(self, dataset: Dataset, staged: Sequence[str], **partition: str) -> Manifest:
        """Add staged parts to a partition, all at once; who staged them deletes them then.

        Several may append at the same time, and the same parts twice: each part counts once.
        """
        rows = {key.rsplit("/", 1)[1]: self._copied(dataset, key, partition) for key in staged}
        added = {name: count for name, count in rows.items() if count is not None}
        while True:
            before, mode = self._manifest_now(dataset, partition)
            new = {name: count for name, count in added.items() if name not in before.files}
            if not new and before.files:
                return before
            files = tuple(sorted((*before.files, *new)))
            manifest = Manifest(files, before.rows + sum(new.values()), before.summary)
            # Nothing unlisted is deleted: it may be what another is about to list.
            with suppress(AlreadyExistsError, PreconditionError):
                self._put_manifest(dataset, partition, manifest, mode)
                return manifest

    def read(
        self, dataset: Dataset, columns: Sequence[str] | None = None, **partition: str
    ) -> pa.Table:
        """Rows of every published partition that matches, partition keys as string columns.

        Raises ``PartitionMissingError`` where none matches.
        """
        partitions = self.partitions(dataset, **partition)
        if not partitions:
            raise self._missing(dataset, partition)
        return pa.concat_tables(self._read_one(dataset, one, columns) for one in partitions)

    def tables(
        self, dataset: Dataset, columns: Sequence[str], **partition: str
    ) -> Iterator[pa.Table]:
        """As ``read`` of one partition, a file in memory at a time."""
        schema = pa.schema([dataset.schema.field(name) for name in columns])
        for name in self.manifest(dataset, **partition).files:
            yield self.part(f"{_prefix(dataset, partition)}/{name}", schema)

    def download(self, dataset: Dataset, folder: Path, **partition: str) -> list[Path]:
        """The Parquet files of one partition, copied into ``folder``, in order.

        A part that is there already is not copied again: its name tells its content.
        """
        folder.mkdir(parents=True, exist_ok=True)
        prefix = _prefix(dataset, partition)

        def copy(name: str) -> Path:
            path = folder / name
            if not path.exists():
                path.write_bytes(self.get(f"{prefix}/{name}"))
            return path

        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(copy, self.manifest(dataset, **partition).files))

    def partitions(self, dataset: Dataset, **partition: str) -> list[dict[str, str]]:
        """The published partitions whose leading keys equal ``partition``, in order."""
        # With the slash: model=1 is not model=10.
        keys = self.keys(f"{_prefix(dataset, partition)}/")
        folders = (key.split("/")[1:-1] for key in keys if key.endswith(MANIFEST))
        return sorted(
            (dict(part.split("=", 1) for part in folder) for folder in folders),
            key=lambda one: tuple(one.values()),
        )

    def exists(self, dataset: Dataset, **partition: str) -> bool:
        """Whether this one partition is published."""
        return bool(self.keys(f"{_prefix(dataset, partition)}/{MANIFEST}"))

    def manifest(self, dataset: Dataset, **partition: str) -> Manifest:
        """The manifest of one partition; raises ``PartitionMissingError``."""
        try:
            found = _manifest(self.get(f"{_prefix(dataset, partition)}/{MANIFEST}"))
        except PartitionMissingError as error:
            raise self._missing(dataset, partition) from error
        note_read(self._address(_prefix(dataset, partition)))
        return found

    def _address(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def _missing(self, dataset: Dataset, partition: dict[str, str]) -> PartitionMissingError:
        return PartitionMissingError(
            f"s3://{self.bucket}/{_prefix(dataset, partition)} was never published: run "
            f"{dataset.written_by} for it first."
        )

    def _read_one(
        self, dataset: Dataset, partition: dict[str, str], columns: Sequence[str] | None
    ) -> pa.Table:
        manifest = self.manifest(dataset, **partition)
        prefix = _prefix(dataset, partition)
        wanted = dataset.schema.names if columns is None else columns
        stored = [name for name in dataset.schema.names if name in wanted]
        schema = pa.schema([dataset.schema.field(name) for name in stored])
        table = pa.concat_tables(self.part(f"{prefix}/{name}", schema) for name in manifest.files)
        for key, value in partition.items():
            if columns is None or key in columns:
                table = table.append_column(key, pa.repeat(pa.scalar(value), table.num_rows))
        return table

    def part(self, key: str, schema: pa.Schema) -> pa.Table:
        """One file, by the schema of today: a column that an old part has not got is null."""
        return pq.read_table(_reader(self.get(key)), schema=schema)

    def _begun(
        self, dataset: Dataset, append: bool, partition: dict[str, str]
    ) -> tuple[list[str], int]:
        """The files and rows that a partition to be written begins with."""
        if append and self.exists(dataset, **partition):
            before = self.manifest(dataset, **partition)
            return list(before.files), before.rows
        return [], 0

    def _publish(self, dataset: Dataset, partition: dict[str, str], manifest: Manifest) -> Manifest:
        prefix = _prefix(dataset, partition)
        self._put_manifest(dataset, partition, manifest, "overwrite")
        listed = {f"{prefix}/{name}" for name in (*manifest.files, MANIFEST)}
        self.delete([key for key in self.keys(f"{prefix}/") if key not in listed])
        return manifest

    def _copied(self, dataset: Dataset, key: str, partition: dict[str, str]) -> int | None:
        """Copy a staged part beside the partition's; its rows, None where it was published."""
        name = key.rsplit("/", 1)[1]
        try:
            rows = self._rows(key)
            with self._reporting("copying", key):
                obstore.copy(self.store, key, f"{_prefix(dataset, partition)}/{name}")
        except PartitionMissingError:
            # Whoever published it first listed it before deleting it.
            if name in self._manifest_now(dataset, partition)[0].files:
                return None
            raise
        return rows

    def _rows(self, key: str) -> int:
        """Rows of a Parquet object by its footer alone."""
        size = int.from_bytes(self._tail(key, FOOTER_END)[:4], "little")
        footer = io.BytesIO(PARQUET_MAGIC + self._tail(key, size + FOOTER_END))
        return int(pq.read_metadata(footer).num_rows)

    def _tail(self, key: str, size: int) -> bytes:
        with self._reporting("reading", key):
            found = obstore.get(self.store, key, options={"range": {"suffix": size}})
            return bytes(found.bytes())

    def _manifest_now(
        self, dataset: Dataset, partition: dict[str, str]
    ) -> tuple[Manifest, "PutMode"]:
        """The manifest, and how to replace it only if nobody else has done so meanwhile."""
        key = f"{_prefix(dataset, partition)}/{MANIFEST}"
        try:
            with self._reporting("reading", key):
                found = obstore.get(self.store, key)
                return _manifest(bytes(found.bytes())), {"e_tag": found.meta["e_tag"]}
        except PartitionMissingError:
            return Manifest((), 0), "create"

    def _put_manifest(
        self, dataset: Dataset, partition: dict[str, str], manifest: Manifest, mode: "PutMode"
    ) -> None:
        key = f"{_prefix(dataset, partition)}/{MANIFEST}"
        document = json.dumps(asdict(manifest), sort_keys=True, indent=1)
        with self._reporting("writing", key):
            obstore.put(self.store, key, document.encode(), mode=mode)
        note_written(self._address(_prefix(dataset, partition)))

    # Pictures

    @staticmethod
    def image_key(digest: str) -> str:
        """The key of a picture: ``images/<2 hex>/<sha256>``."""
        return f"{IMAGES}/{digest[:2]}/{digest}"

    def put_image(self, data: bytes) -> str:
        """Store a picture under the sha256 of its bytes, which is returned."""
        digest = sha256(data).hexdigest()
        self.put_new_image(digest, data, "application/octet-stream")
        return digest

    def put_new_image(self, digest: str, data: bytes, media_type: str) -> bool:
        """Store a picture unless the lake has it; whether it was new."""
        key = self.image_key(digest)
        content_type = {"Content-Type": media_type}
        try:
            with self._reporting("writing", key):
                obstore.put(self.store, key, data, mode="create", attributes=content_type)
        except AlreadyExistsError:
            return False
        note_written(self._address(IMAGES))
        return True

    def get_image(self, digest: str) -> bytes:
        """The bytes of a stored picture."""
        return self.get(self.image_key(digest))

    def image_bytes(self, digest: str) -> int:
        """Size of a stored picture; 0 of one that is not there."""
        key = self.image_key(digest)
        try:
            with self._reporting("reading", key):
                return int(obstore.head(self.store, key)["size"])
        except PartitionMissingError:
            return 0

    # Objects

    def put(self, key: str, data: bytes) -> None:
        """Store one object; raises ``LakeError``."""
        with self._reporting("writing", key):
            obstore.put(self.store, key, data)

    def get(self, key: str, at_most: int | None = None) -> bytes:
        """One object's bytes; ``PartitionMissingError`` where there is none.

        Of one that is larger than ``at_most`` only so many bytes come, and one more.
        """
        if key.startswith(f"{IMAGES}/"):
            note_read(self._address(IMAGES))
        with self._reporting("reading", key):
            found = obstore.get(self.store, key)
            if at_most is None or found.meta["size"] <= at_most:
                return bytes(found.bytes())
            return bytes(obstore.get_range(self.store, key, start=0, length=at_most + 1))

    def keys(self, prefix: str) -> list[str]:
        """Every key that begins with ``prefix``, in order."""
        folder, _, _ = prefix.rpartition("/")
        with self._reporting("listing", prefix):
            found = [
                str(item["path"]) for page in obstore.list(self.store, folder) for item in page
            ]
        return sorted(key for key in found if key.startswith(prefix))

    def objects(self) -> list["StoredObject"]:
        """Every object of the bucket, by key."""
        with self._reporting("listing", ""):
            found = [
                StoredObject(str(item["path"]), int(item["size"]), str(item["e_tag"]))
                for page in obstore.list(self.store)
                for item in page
            ]
        return sorted(found, key=lambda one: one.key)

    def fetch(self, key: str) -> tuple[bytes, str | None, str]:
        """One object's bytes, media type and e_tag; raises ``PartitionMissingError``."""
        with self._reporting("reading", key):
            found = obstore.get(self.store, key)
            media_type = found.attributes.get("Content-Type")
            return bytes(found.bytes()), media_type, str(found.meta["e_tag"])

    def store_as(self, key: str, data: bytes, media_type: str | None) -> None:
        """Store one object under its media type."""
        attributes = {"Content-Type": media_type} if media_type else None
        with self._reporting("writing", key):
            obstore.put(self.store, key, data, attributes=attributes)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; one that is gone already is no error."""
        if keys:
            with self._reporting("deleting", keys[0]):
                obstore.delete(self.store, list(keys))

    @contextmanager
    def _reporting(self, action: str, key: str) -> Iterator[None]:
        try:
            yield
        except (AlreadyExistsError, PreconditionError):
            raise
        except (ObstoreError, OSError) as error:
            # To write or list something can only miss the bucket.
            if isinstance(error, FileNotFoundError) and action in ("reading", "copying"):
                raise PartitionMissingError(
                    f"s3://{self.bucket}/{key} does not exist: run the step that writes it."
                ) from error
            reason = str(error).strip().splitlines()[0][:300]
            raise LakeError(
                f"{action} s3://{self.bucket}/{key} at {self.endpoint} failed: is S3 up and the "
                f"connection `lake` right? `counterfeit status` shows the embedded one. ({reason})"
            ) from error


def _manifest(data: bytes) -> Manifest:
    document = json.loads(data)
    return Manifest(tuple(document["files"]), document["rows"], document["summary"])


def _prefix(dataset: Dataset, partition: dict[str, str]) -> str:
    """Path of a partition, or of all that share its leading keys."""
    keys = dataset.partition_keys[: len(partition)]
    if set(keys) != set(partition):
        raise ValueError(f"{dataset.name} is partitioned by {dataset.partition_keys}")
    for value in partition.values():
        if not value or "/" in value or "=" in value:
            raise ConfigError(
                f"{value!r} cannot name a partition of {dataset.name}: give a name without / and =."
            )
    return "/".join([dataset.name, *(f"{key}={partition[key]}" for key in keys)])


def _parts(
    dataset: Dataset, batches: Iterable[pa.RecordBatch], at_least_one: bool
) -> Iterator[pa.Table]:
    """Tables of at least ``PART_ROWS`` or ``PART_BYTES``, but for the last."""
    waiting: list[pa.RecordBatch] = []
    written = not at_least_one
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= PART_ROWS or size >= PART_BYTES:
            yield pa.Table.from_batches(waiting)
            waiting, written = [], True
            rows = size = 0
    if rows or not written:
        yield pa.Table.from_batches(waiting) if rows else dataset.schema.empty_table()


def _reader(data: bytes) -> pa.BufferReader:
    """``data`` in memory of pyarrow's own.

    Its threads let go of what they have read when they come to it. Did that belong to Python, a
    program that ends meanwhile would be aborted ("terminate called without an active exception").
    """
    memory = pa.BufferOutputStream()
    memory.write(data)
    return pa.BufferReader(memory.getvalue())


def _parquet(dataset: Dataset, table: pa.Table) -> bytes:
    """As ``_encoded``, sorted by the dataset's key."""
    return _encoded(dataset, table.sort_by([(name, "ascending") for name in dataset.key]))


def _encoded(dataset: Dataset, table: pa.Table) -> bytes:
    """The rows in their order and the dataset's schema, as Parquet bytes."""
    rows = table.select(dataset.schema.names).cast(dataset.schema)
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd")
    return buffer.getvalue()


def _part_name(data: bytes, part: int) -> str:
    return f"part-{part:05d}-{sha256(data).hexdigest()[:16]}.parquet"
