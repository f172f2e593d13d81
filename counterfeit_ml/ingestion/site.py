"""How one shop is crawled: the ``site`` of a marketplace in ``config/marketplaces.yaml``."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PositiveInt,
    Tag,
    model_validator,
)

from counterfeit_ml.ingestion.locales import LocaleName
from counterfeit_ml.ingestion.selectors import LinkSelector, Regex, Selector

GIGABYTE = 1000**3
Metadata = Literal["json-ld", "microdata", "opengraph"]
FieldName = Literal[
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
    "image_urls",
]


def _contact(contact: str) -> str:
    if not re.fullmatch(r"(https?://|[^\s@()]+@)[^\s@()]+", contact, re.ASCII):
        raise ValueError(f"is neither a web nor a mail address: {contact!r}")
    return contact


def _domain(domain: str) -> str:
    if not re.fullmatch(r"[\w.-]+", domain):
        raise ValueError(f"{domain!r} is no host name; write it without https://, port and path")
    return domain.lower().rstrip(".")


def _kind(source: Any) -> str:
    return "metadata" if isinstance(source, str) else "selector"


Source = Annotated[
    Annotated[Metadata, Tag("metadata")] | Annotated[Selector, Tag("selector")],
    Discriminator(_kind),
]
Sources = Annotated[
    tuple[Source, ...],
    BeforeValidator(lambda value: value if isinstance(value, list | tuple) else [value]),
    Field(min_length=1),
]


class Site(BaseModel):
    """A shop that is crawled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_urls: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    """Besides those that robots.txt names."""
    allowed_domains: tuple[Annotated[str, AfterValidator(_domain)], ...] = ()
    """Where pages may lie, with all hosts below; by default the hosts of the addresses above."""
    listing_pages: Regex | None = None
    """Regular expression on the URL: a page that matches must be a listing, or is quarantined."""
    follow: tuple[Regex, ...] = ()
    """Which other pages are followed, where not all of the domains are."""
    pagination: LinkSelector | None = None
    """The links to next pages, which are followed whatever ``follow`` says."""
    locale: LocaleName | None = None
    """As ``de_DE``: what ``1.234`` and ``$`` mean in its prices."""
    metadata: tuple[Metadata, ...] = ("json-ld", "microdata", "opengraph")
    """What its pages' own metadata is read from, the most trusted first."""
    fields: Mapping[FieldName, Sources] = Field(default_factory=dict)
    """Where a field is taken from instead: the first of its sources that has a value."""
    max_pages: PositiveInt = 10_000
    """Pages asked for in one run; the rest is left for the next."""
    max_bytes: PositiveInt = 5 * GIGABYTE
    """Bytes received in one run, pictures included."""
    max_depth: PositiveInt = 100
    """Links from a start page: what lies deeper is an endless pagination or a calendar."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    """Requests under way to one domain."""
    contact: Annotated[str, AfterValidator(_contact)] | None = None
    """Web or mail address for the shop's people, sent with every request."""
    allow_local: bool = False
    """Whether it may have a private or loopback address."""

    @model_validator(mode="after")
    def _somewhere_to_start(self) -> Self:
        if not self.start_urls and not self.sitemaps:
            raise ValueError("give `start_urls` or `sitemaps`")
        return self

    @model_validator(mode="after")
    def _listings_can_be_told(self) -> Self:
        if not self.metadata and self.listing_pages is None:
            raise ValueError("without `metadata`, `listing_pages` must say which pages to read")
        return self

    @property
    def entrances(self) -> tuple[str, ...]:
        """The addresses given."""
        return self.start_urls + self.sitemaps

    @property
    def domains(self) -> tuple[str, ...]:
        """The hosts on which, and below which, pages are followed."""
        hosts = (urlsplit(url).hostname for url in self.entrances)
        return self.allowed_domains or tuple(dict.fromkeys(host for host in hosts if host))
