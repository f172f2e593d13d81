"""What the shop has on sale: all that its web server needs, and none of the truth."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

CATALOGUE_FILE = "catalogue.json"
SALE = "sale"


class PriceForm(StrEnum):
    """How a page states its price to machines."""

    NUMBER = "number"
    TEXT = "text"
    RANGE = "range"
    ABSENT = "absent"


class Frozen(BaseModel):
    """Base of the catalogue's parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PriceTag(Frozen):
    """A price as the page shows it (``text``) and as its markup states it (the rest).

    ``amount`` and ``high`` are in ``currency``; ``currency`` is None where only the text tells it.
    """

    text: str | None
    form: PriceForm
    amount: float | None = None
    high: float | None = None
    currency: str | None = None


class Item(Frozen):
    """One listing."""

    listing_id: str
    title: str | None
    description: str
    brand_claimed: str | None
    category: str
    condition: str
    seller_id: str
    image: str
    price: PriceTag
    listed_on: date
    on_sale: bool = False
    """Linked from the sale category too, under a second address."""
    escaped: bool = False
    """The markup's texts are HTML-escaped once too often, as many shops do."""
    graph: bool = False
    """The markup sits in an ``@graph`` beside other things."""
    noisy: bool = False
    """The page also carries other products' microdata."""


class Catalogue(Frozen):
    """The whole shop.

    ``images`` gives the content type of every picture that a page links to, or None where the
    picture is gone; ``gone`` lists products that the sitemap still names.
    """

    name: str
    categories: dict[str, str]
    sellers: dict[str, str]
    images: dict[str, str | None]
    items: tuple[Item, ...]
    gone: tuple[str, ...]

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read ``catalogue.json``; raises ``OSError`` where there is none."""
        return cls.model_validate_json((directory / CATALOGUE_FILE).read_bytes())

    def write(self, directory: Path) -> None:
        """Write ``catalogue.json``."""
        (directory / CATALOGUE_FILE).write_text(self.model_dump_json(indent=1), "utf-8")

    def in_category(self, slug: str) -> list[Item]:
        """The items that a category links to, in the shop's order."""
        if slug == SALE:
            return [item for item in self.items if item.on_sale]
        return [item for item in self.items if item.category == slug]
