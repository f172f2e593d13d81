"""The shop's pages: a catalogue in, bytes out; knows nothing of HTTP."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from counterfeit_ml.errors import CounterfeitError
from counterfeit_ml.sample_marketplace.catalogue import CATALOGUE_FILE, SALE, Catalogue, Item
from counterfeit_ml.sample_marketplace.markup import product_markup

PAGE_SIZE = 24
OTHERS = 3
HTML, TEXT, XML = "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/xml"
FORBIDDEN_ID = "SM-ADMIN-1"
"""The id behind /admin/: who has it in the lake did not obey robots.txt."""


class ShopClosedError(CounterfeitError):
    """The marketplace is not generated yet."""


class NotOnSaleError(CounterfeitError):
    """The shop has no such page or picture."""


@dataclass(frozen=True)
class Page:
    """What an address answers; ``changed`` is the day of its last change."""

    body: bytes
    content_type: str
    changed: date | None = None


class Shop:
    """The marketplace in ``directory``, read again whenever it was generated anew.

    Every method raises ``ShopClosedError`` while there is nothing to sell, and ``NotOnSaleError``
    for what the catalogue does not list. ``base`` is the shop's own address without a slash.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._version: tuple[int, int] | None = None
        self._catalogue: Catalogue | None = None
        self._items: dict[str, Item] = {}
        self._templates = Environment(
            loader=PackageLoader("counterfeit_ml.sample_marketplace", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
        )

    @property
    def catalogue(self) -> Catalogue:
        """What is on sale now."""
        try:
            stat = (self.directory / CATALOGUE_FILE).stat()
        except OSError:
            raise ShopClosedError(
                f"The shop opens once its goods are generated in {self.directory}."
            ) from None
        version = (stat.st_ino, stat.st_mtime_ns)
        if self._catalogue is None or version != self._version:
            self._catalogue, self._version = Catalogue.read(self.directory), version
            self._items = {item.listing_id: item for item in self._catalogue.items}
        return self._catalogue

    def home(self) -> Page:
        """The newest articles."""
        newest = sorted(self.catalogue.items, key=lambda item: (item.listed_on, item.listing_id))
        return self._listed("home.html", newest[: -PAGE_SIZE - 1 : -1], suffix="")

    def category(self, base: str, slug: str, page: int) -> Page:
        """Page ``page``, from 1, of a category."""
        shop = self.catalogue
        if slug not in shop.categories:
            raise NotOnSaleError(f"There is no category {slug!r}.")
        items = shop.in_category(slug)
        pages = max(1, -(-len(items) // PAGE_SIZE))
        if not 1 <= page <= pages:
            raise NotOnSaleError(f"The category {slug!r} has the pages 1 to {pages}.")
        return self._listed(
            "category.html",
            items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
            suffix=f"?from={SALE}" if slug == SALE else "",
            base=base,
            slug=slug,
            total=len(items),
            page=page,
            pages=pages,
        )

    def product(self, base: str, listing_id: str) -> Page:
        """An article's own page."""
        shop = self.catalogue
        item = self._items.get(listing_id)
        if item is None:
            raise NotOnSaleError(f"The article {listing_id!r} is not for sale.")
        markup = product_markup(shop, item, base)
        others = self._others(item) if item.noisy else []
        body = self._render("item.html", base=base, item=item, markup=markup, others=others)
        return Page(body, HTML, item.listed_on)

    def picture(self, name: str) -> Page:
        """A picture, or what stands in its place."""
        content_type = self.catalogue.images.get(name)
        if content_type is None:
            raise NotOnSaleError(f"There is no picture {name!r}.")
        return Page((self.directory / "images" / name).read_bytes(), content_type)

    def admin(self, base: str) -> Page:
        """What robots.txt forbids: an article that no one may take for real."""
        item = self.catalogue.items[0].model_copy(
            update={"listing_id": FORBIDDEN_ID, "title": "Draft", "noisy": False}
        )
        markup = product_markup(self.catalogue, item, base)
        return Page(self._render("item.html", base=base, item=item, markup=markup, others=[]), HTML)

    def robots(self, base: str) -> Page:
        """What a crawler may do here."""
        rules = f"User-agent: *\nDisallow: /admin/\n\nSitemap: {base}/sitemap.xml\n"
        return Page(rules.encode(), TEXT)

    def sitemap(self, base: str) -> Page:
        """Every address, and a few that are gone."""
        return Page(self._render("sitemap.xml", base=base), XML)

    def notice(self, heading: str, sentence: str) -> Page:
        """A page of one sentence."""
        return Page(self._render("notice.html", heading=heading, sentence=sentence), HTML)

    def _listed(self, template: str, items: list[Item], **values: Any) -> Page:
        changed = max((item.listed_on for item in items), default=None)
        return Page(self._render(template, items=items, **values), HTML, changed)

    def _others(self, item: Item) -> list[Item]:
        alike = self.catalogue.in_category(item.category)
        start = alike.index(item) + 1
        return (alike + alike)[start : start + min(OTHERS, len(alike) - 1)]

    def _render(self, template: str, **values: Any) -> bytes:
        return self._templates.get_template(template).render(shop=self.catalogue, **values).encode()
