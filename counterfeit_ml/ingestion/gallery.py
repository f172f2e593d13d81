"""The lake's pictures as ingestion uses them: each is proven and stored once."""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock

from counterfeit_ml.ingestion.memory import KnownPicture, Memory
from counterfeit_ml.ingestion.pictures import check_picture
from counterfeit_ml.lake import Lake

REMEMBERED = 10_000
"""Pictures of this run that need not be decoded again when they come again."""


@dataclass(frozen=True)
class Stored:
    """A sound picture in the lake; ``new`` where it was not there before."""

    sha256: str
    media_type: str
    phash: str
    new: bool = False

    def columns(self) -> dict[str, str]:
        """What a listing says of its picture."""
        return {
            "image_sha256": self.sha256,
            "image_type": self.media_type,
            "image_phash": self.phash,
        }


def stored(known: KnownPicture) -> Stored:
    """A picture that an earlier run has stored."""
    return Stored(known.sha256, known.media_type, known.phash)


class Gallery:
    """Stores pictures that are not in the lake yet. Safe to use from several threads."""

    def __init__(self, lake: Lake, memory: Memory) -> None:
        self._lake, self._memory = lake, memory
        self._recent: OrderedDict[str, Stored] = OrderedDict()
        self._turn = Lock()

    def store(self, data: bytes) -> Stored:
        """The picture of these bytes, which is then in the lake.

        Raises ``Refused`` where it is no sound picture.
        """
        digest = sha256(data).hexdigest()
        known = self._recent.get(digest) or self._stored_before(digest)
        if known is None:
            picture = check_picture(data)
            new = self._lake.put_new_image(digest, data, picture.media_type)
            known = Stored(digest, picture.media_type, picture.phash, new)
            self._remember(Stored(digest, picture.media_type, picture.phash))
        return known

    def _stored_before(self, digest: str) -> Stored | None:
        known = self._memory.picture_like(digest)
        return stored(known) if known else None

    def _remember(self, picture: Stored) -> None:
        with self._turn:
            self._recent[picture.sha256] = picture
            if len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
