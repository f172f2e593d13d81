"""How a feed is read: the ``feed`` of a marketplace in ``config/marketplaces.yaml``."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.locales import LocaleName
from counterfeit_ml.ingestion.reasons import Refused

Format = Literal["jsonl", "csv", "parquet", "shopify"]
Field = Literal[
    "listing_id",
    "url",
    "title",
    "description",
    "brand",
    "category",
    "price",
    "currency",
    "seller_id",
    "seller_name",
    "condition",
    "image_url",
    "image_urls",
    "image",
    "scraped_at",
]
FIELDS: tuple[Field, ...] = get_args(Field)
_FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_BRACES = re.compile(r"\{[^{}]*\}")


def is_web(path: str) -> bool:
    """Whether ``path`` is an address of the web."""
    return path.lower().startswith(("http://", "https://"))


def format_of(path: str) -> Format | None:
    """The format that the extension of a path or URL names, with or without ``.gz``."""
    name = (urlsplit(path).path if is_web(path) else path).lower().removesuffix(".gz")
    return _FORMATS.get(PurePosixPath(name).suffix)


def _path(path: str) -> str:
    if unknown := set(_BRACES.findall(path)) - {"{ds}"}:
        raise ValueError(f"only {{ds}}, the day, can be filled in, not {', '.join(unknown)}")
    scheme, separator, rest = path.partition("://")
    if is_web(path):
        try:
            return web_url(path)
        except Refused as refusal:
            raise ValueError(refusal.detail) from refusal
    if separator and scheme.lower() != "s3":
        raise ValueError("is neither a path nor an s3://, http:// or https:// address")
    if separator and not all(rest.partition("/")[::2]):
        raise ValueError("names no object: write s3://bucket/key")
    if not path or "\0" in path:
        raise ValueError("is no path")
    return path


class Feed(BaseModel):
    """A file of listings, on a disk, in S3 or on the web."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    path: Annotated[str, AfterValidator(_path)]
    """A path, ``s3://bucket/key`` or a URL; ``{ds}`` in it stands for the day, 2026-11-22."""
    format: Format | None = None
    """By default what the extension says, or Shopify's product export where a CSV is one."""
    columns: Mapping[Field, Annotated[str, StringConstraints(min_length=1)]] = {}
    """Field to the column that holds it, or to a text with columns in braces. A field that is not
    here is taken from the column of its own name."""
    constants: Mapping[Field, Annotated[str, StringConstraints(min_length=1)]] = {}
    """What a record has where the file says nothing."""
    price_in_minor_units: bool = False
    """Whether 8841 means 88.41, in a currency that has cents."""
    locale: LocaleName | None = None
    """Decides what ``1.234`` is."""
    allow_local: bool = False
    """Whether it and its pictures may lie at private or loopback addresses."""

    @model_validator(mode="after")
    def _format_is_known(self) -> Self:
        if self.format is None and format_of(self.path) is None:
            raise ValueError(
                f"give `format`, one of {', '.join(get_args(Format))}: the path's extension is "
                f"none of {', '.join(_FORMATS)}"
            )
        return self

    @property
    def kind(self) -> Format:
        """The format given, else the extension's."""
        kind = self.format or format_of(self.path)
        assert kind is not None  # noqa: S101  (the validator saw to it)
        return kind

    def address(self, ds: date) -> str:
        """The path or URL of one day's file."""
        return self.path.replace("{ds}", ds.isoformat())
