"""Shopify's product export: a product's variants and pictures are rows below one another."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.feed.delimited import Delimited
from counterfeit_ml.ingestion.feed.entry import MAX_RECORD_BYTES, Row
from counterfeit_ml.ingestion.reasons import Reason, Refused

HEADER = frozenset({"Handle", "Title", "Variant Price", "Image Src"})
"""Columns that every version of the export has."""
SUPPLIED = (
    "listing_id",
    "title",
    "description",
    "brand",
    "category",
    "price",
    "image_url",
    "image_urls",
)


class Shopify:
    """Products of an export; a row's values are the product's first row and our own fields."""

    exhaustive = True

    def __init__(self, export: Delimited, name: str) -> None:
        if missing := HEADER - set(export.columns):
            raise IngestionError(
                f"The feed {name} is no product export of Shopify: it lacks the columns "
                f"{', '.join(sorted(missing))}; nothing was changed."
            )
        self._export = export
        self.columns = (*export.columns, *SUPPLIED)

    def rows(self, columns: frozenset[str]) -> Iterator[Row]:
        """Every product, and every row that cannot be read as a row of its own."""
        product: _Product | None = None
        for row in self._export.rows(columns | HEADER):
            if isinstance(row.values, Refused):
                yield row
            elif product and product.handle == row.values["Handle"]:
                product.add(row)
            else:
                if product:
                    yield product.row()
                product = _Product(row)
        if product:
            yield product.row()


class _Product:
    """The rows of one handle."""

    def __init__(self, row: Row) -> None:
        assert isinstance(row.values, dict)  # noqa: S101  (the caller saw to it)
        self.handle: str = row.values["Handle"]
        self._number = row.number
        self._texts: list[str] = []
        self._values: list[dict[str, Any]] = []
        self._size = self._lines = 0
        self.add(row)

    def add(self, row: Row) -> None:
        """Take one row more; beyond the limit it is only counted."""
        self._lines += row.rows
        self._size += len(row.text)
        if self._size <= MAX_RECORD_BYTES:
            assert isinstance(row.values, dict)  # noqa: S101
            self._texts.append(row.text)
            self._values.append(row.values)

    def row(self) -> Row:
        """The product as one row."""
        return Row(self._number, "\n".join(self._texts), self._made(), self._lines)

    def _made(self) -> dict[str, Any] | Refused:
        if self._size > MAX_RECORD_BYTES:
            detail = f"The rows of this product are longer than {MAX_RECORD_BYTES} bytes."
            return Refused(Reason.BAD_ROW, detail)
        first = self._values[0]
        pictures = self._pictures()
        return {
            **first,
            "listing_id": self.handle,
            "title": first["Title"],
            "description": first.get("Body (HTML)"),
            "brand": first.get("Vendor"),
            "category": first.get("Product Category") or first.get("Type"),
            "price": self._price(),
            "image_url": pictures[0] if pictures else None,
            "image_urls": pictures,
        }

    def _pictures(self) -> list[str]:
        shown = [row for row in self._values if row["Image Src"]]
        shown.sort(key=_position)
        return list(dict.fromkeys(row["Image Src"] for row in shown))

    def _price(self) -> str | None:
        """As written, or ``low - high`` where the variants differ."""
        written = dict.fromkeys(row["Variant Price"] for row in self._values)
        prices = [price for price in written if price]
        try:
            amounts = {Decimal(price): price for price in reversed(prices)}
            low, high = amounts[min(amounts)], amounts[max(amounts)]
        except (InvalidOperation, ValueError):
            return prices[0] if prices else None
        return low if Decimal(low) == Decimal(high) else f"{low} - {high}"


def _position(row: dict[str, Any]) -> int:
    position = row.get("Image Position") or ""
    return int(position) if position.isdecimal() and len(position) < 10 else 10**10
