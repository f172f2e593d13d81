"""What goes wrong in a real marketplace, done to listings on purpose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from counterfeit_ml.sample_marketplace.catalogue import Item, PriceForm, PriceTag

JPEG_TYPE, HTML_TYPE = "image/jpeg", "text/html; charset=utf-8"
BLOCKED_PAGE = (
    b"<!doctype html><title>Access denied</title><p>Please enable cookies to go on.</p>\n"
)


@dataclass(frozen=True)
class StoredPicture:
    """What stands at a picture's address: None is a 404."""

    body: bytes | None
    content_type: str | None


Rot = Callable[[Item, bytes, int], tuple[Item, StoredPicture]]


def _sound(picture: bytes) -> StoredPicture:
    return StoredPicture(picture, JPEG_TYPE)


def _price(*tags: PriceTag) -> Rot:
    def spoil(item: Item, picture: bytes, turn: int) -> tuple[Item, StoredPicture]:
        return item.model_copy(update={"price": tags[turn % len(tags)]}), _sound(picture)

    return spoil


def _missing_image(item: Item, picture: bytes, turn: int) -> tuple[Item, StoredPicture]:
    return item, StoredPicture(None, None)


def _truncated_image(item: Item, picture: bytes, turn: int) -> tuple[Item, StoredPicture]:
    return item, _sound(picture[: len(picture) * (3 + turn % 4) // 8])


def _empty_image(item: Item, picture: bytes, turn: int) -> tuple[Item, StoredPicture]:
    return item, _sound(b"")


def _html_as_image(item: Item, picture: bytes, turn: int) -> tuple[Item, StoredPicture]:
    return item, StoredPicture(BLOCKED_PAGE, (JPEG_TYPE, HTML_TYPE)[turn % 2])


def _missing_title(item: Item, picture: bytes, turn: int) -> tuple[Item, StoredPicture]:
    title = (None, "", "   ")[turn % 3]
    return item.model_copy(update={"title": title, "escaped": False}), _sound(picture)


def _tag(text: str | None, form: PriceForm, amount: float | None, currency: str | None) -> PriceTag:
    return PriceTag(text=text, form=form, amount=amount, currency=currency)


ROTS: Mapping[str, Rot] = {
    "missing_price": _price(
        _tag(None, PriceForm.ABSENT, None, "USD"), _tag("", PriceForm.TEXT, None, "EUR")
    ),
    "unparseable_price": _price(
        _tag("Contact seller", PriceForm.TEXT, None, "USD"),
        _tag("Price on request", PriceForm.TEXT, None, None),
    ),
    "zero_price": _price(
        _tag("$0.00", PriceForm.NUMBER, 0.0, "USD"), _tag("0,00 €", PriceForm.TEXT, 0.0, "EUR")
    ),
    "negative_price": _price(
        _tag("-$25.00", PriceForm.NUMBER, -25.0, "USD"),
        _tag("-£18.50", PriceForm.TEXT, -18.5, "GBP"),
    ),
    "unknown_currency": _price(
        _tag("450 points", PriceForm.TEXT, 450.0, "PTS"),
        _tag("75 BTC", PriceForm.NUMBER, 75.0, "BTC"),
    ),
    "missing_image": _missing_image,
    "truncated_image": _truncated_image,
    "empty_image": _empty_image,
    "html_as_image": _html_as_image,
    "missing_title": _missing_title,
}
"""How each reason for refusing a listing comes about; the words are ingestion's."""
