"""How one shop is crawled: the ``site`` of a marketplace in ``config/marketplaces.yaml``."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, model_validator

from counterfeit_ml.ingestion.sources import FieldName, LocaleName, Metadata, Sources


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


class Site(BaseModel):
    """A shop that is crawled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_url: str
    listing_pages: Annotated[str, AfterValidator(_regex)] | None = None
    """Regular expression on the URL: a page that matches must be a listing, or is quarantined."""
    max_pages: PositiveInt = 10_000
    allow_local: bool = False
    """Whether it may have a private or loopback address."""
    locale: LocaleName | None = None
    """As ``de_DE``: what ``1.234`` and ``$`` mean in its prices."""
    metadata: tuple[Metadata, ...] = ("json-ld", "microdata", "opengraph")
    """What its pages' own metadata is read from, the most trusted first."""
    fields: Mapping[FieldName, Sources] = Field(default_factory=dict)
    """Where a field is taken from instead: the first of its sources that has a value."""

    @model_validator(mode="after")
    def _listings_can_be_told(self) -> Self:
        if not self.metadata and self.listing_pages is None:
            raise ValueError("without `metadata`, `listing_pages` must say which pages to read")
        return self
