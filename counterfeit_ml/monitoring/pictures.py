"""The histograms of a sample of the pictures that are new on a day."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from counterfeit_ml.datasets import LISTING_HISTORY
from counterfeit_ml.errors import PartitionMissingError, PictureError
from counterfeit_ml.lake import Lake
from counterfeit_ml.monitoring.features import PICTURES, Histogram
from counterfeit_ml.monitoring.query import query
from counterfeit_ml.pictures import FORMATS, decode
from counterfeit_ml.progress import track

SAMPLE = 2_000
"""In twenty bins chance alone then makes an index of 0.02 at most, far below the 0.1 that is
reported; five times as many pictures would change no decision and cost a minute."""
THREADS = 4
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class PictureStatistics(NamedTuple):
    """One picture; ``width`` and ``height`` in pixels as stored, the rest as the model sees it."""

    width: int
    height: int
    aspect: float
    bytes: int
    type: str
    brightness: float
    contrast: float
    sharpness: float


def picture_histograms(lake: Lake, ds: str) -> dict[str, Histogram]:
    """At most ``SAMPLE`` pictures of listings first seen on ``ds``, by feature."""
    found = query(lake, "new_pictures", LISTING_HISTORY, ds, first_seen=ds, at_most=SAMPLE)
    digests = [digest for (digest,) in found]
    read = list(track(_read(lake, digests), f"pictures of {ds}", len(digests)))
    sound = [one for one in read if isinstance(one, PictureStatistics)]
    columns = {name: [getattr(one, name) for one in sound] for name in PictureStatistics._fields}
    columns["picture"] = ["read" if isinstance(one, PictureStatistics) else one for one in read]
    return {feature.name: feature.histogram(columns[feature.name]) for feature in PICTURES}


def picture_statistics(data: bytes) -> PictureStatistics:
    """The statistics of an encoded picture; raises ``PictureError``."""
    pixels = decode(data)  # first: it refuses what is no picture, or a bomb
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        (width, height), kind = image.size, str(image.format)
    luma = pixels @ LUMA
    return PictureStatistics(
        width=width,
        height=height,
        aspect=width / height,
        bytes=len(data),
        type=kind,
        brightness=float(luma.mean()),
        contrast=float(luma.std()),
        sharpness=float(_laplacian(luma).var()),
    )


def _read(lake: Lake, digests: list[str]) -> Iterator[PictureStatistics | str]:
    with ThreadPoolExecutor(THREADS) as threads:
        yield from threads.map(lambda digest: _one(lake, digest), digests)


def _one(lake: Lake, digest: str) -> PictureStatistics | str:
    try:
        return picture_statistics(lake.get_image(digest))
    except PictureError:
        return "unreadable"
    except PartitionMissingError:
        return "missing"


def _laplacian(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    edges: NDArray[np.float32] = around - 4 * luma[1:-1, 1:-1]
    return edges
