"""The lake's pictures as ingestion uses them: each is proven and stored once."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from counterfeit_ml.ingestion.pictures import check_picture, read_picture
from counterfeit_ml.lake import Lake


class Gallery:
    """Stores pictures that are not in the lake yet. Safe to use from several threads."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._sound: set[str] = set()
        self._there = lru_cache(maxsize=None)(self._stored_before)
        self.added: set[str] = set()

    def store(self, folder: Path, value: object) -> str:
        """The sha256 of the picture ``value`` names below ``folder``, which is then in the lake.

        Raises ``Refused`` where it is no sound picture.
        """
        data = read_picture(folder, value)
        digest = sha256(data).hexdigest()
        if digest not in self._sound:
            check_picture(data)
            self._keep(digest, data)
            self._sound.add(digest)
        return digest

    def _keep(self, digest: str, data: bytes) -> None:
        key = Lake.image_key(digest)
        if key not in self._there(key.rpartition("/")[0]):
            self._lake.put_image(data)
            self.added.add(digest)

    def _stored_before(self, folder: str) -> frozenset[str]:
        """Keys in one of the 256 folders: a listing each, rather than a request a picture."""
        return frozenset(self._lake.keys(f"{folder}/"))
