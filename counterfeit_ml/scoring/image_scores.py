"""The scores of pictures under one model: as shards leave them, and as the night reads them."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from counterfeit_ml.datasets import IMAGE_SCORES
from counterfeit_ml.errors import PartitionMissingError, ScoringError
from counterfeit_ml.lake import Lake

PICTURES = pa.schema([IMAGE_SCORES.schema.field("image_sha256")])
DIGEST = "[0-9a-f]{64}"
"""What names a picture; a listing that has anything else has none."""


def run_of(model_version: str, pictures: Iterable[str]) -> str:
    """The run of a shard's staged part: it tells the model and these very pictures, in order."""
    digest = sha256()
    for picture in pictures:
        digest.update(picture.encode())
    return f"{model_version}/{digest.hexdigest()[:32]}"


def staged_run(key: str) -> str:
    """The run that a staged key names, as ``run_of`` gives it."""
    return "/".join(key.split("/")[-3:-1])


def publish_scores(lake: Lake, model_version: str, staged: Sequence[str]) -> int:
    """Add staged parts to the scores of the model, all at once; how many pictures they hold.

    The staged parts stay, to be published again if need be. Raises ``ScoringError`` where one does
    not hold the pictures its shard was made of, count and keys: nothing is published then.
    """
    pictures = sum(_checked(lake, model_version, key) for key in staged)
    if staged:
        lake.append(IMAGE_SCORES, staged, model=model_version)
    return pictures


def scores_of(lake: Lake, model_version: str, folder: Path) -> list[Path]:
    """Copies of the model's files; an empty one where nothing is scored yet."""
    if lake.exists(IMAGE_SCORES, model=model_version):
        return lake.download(IMAGE_SCORES, folder, model=model_version)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(IMAGE_SCORES.schema.empty_table(), folder / "none.parquet")
    return [folder / "none.parquet"]


def _checked(lake: Lake, model_version: str, key: str) -> int:
    """Pictures of a staged part; 0 of one that another has published and taken away."""
    try:
        part = lake.part(key, PICTURES)
    except PartitionMissingError:
        return 0
    found = run_of(model_version, part["image_sha256"].to_pylist())
    if found != staged_run(key):
        raise ScoringError(
            f"s3://{lake.bucket}/{key} holds other pictures than its shard: delete it, and clear "
            "the task `score_shard` that made it with everything after it."
        )
    return int(part.num_rows)
