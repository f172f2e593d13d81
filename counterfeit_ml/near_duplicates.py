"""Which pictures look alike: two perceptual hashes of 64 bits each, compared bit by bit."""

from collections.abc import Iterator, Sequence

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

NEAR_BITS = 8
"""Of 64, in both hashes. On 2,355 real photos and marks: 517 pairs, of which 3 are two marks set
in the same way; either hash alone joins hundreds that have nothing but a white ground in common."""
SAME_BITS = 3
"""What another size or compression changes: no two different pictures of those were so near."""

Hashes = NDArray[np.uint64]
"""Shape (pictures, 2): pHash and dHash of each."""


def hashes_of(image: Image.Image) -> tuple[int, int]:
    """pHash (low frequencies of a 32 x 32 thumbnail's DCT) and dHash (where brightness rises)."""
    return int(str(imagehash.phash(image)), 16), int(str(imagehash.dhash(image)), 16)


def near_pairs(one: Hashes, other: Hashes, bits: int = NEAR_BITS) -> Iterator[tuple[int, int]]:
    """Every pair of an index into ``one`` and an index into ``other`` that look alike."""
    for index, hashes in enumerate(one):
        alike = (np.bitwise_count(other ^ hashes) <= bits).all(axis=1)
        yield from ((index, int(found)) for found in np.flatnonzero(alike))


def as_hashes(pairs: Sequence[tuple[int, int]]) -> Hashes:
    """As ``near_pairs`` takes them."""
    return np.array(pairs, np.uint64).reshape(-1, 2)
