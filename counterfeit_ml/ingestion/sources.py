"""Where a listing's fields come from, as a site's configuration writes it."""

import re
from typing import Annotated, Any, Literal, Self

from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

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


def _regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


def _css(query: str) -> str:
    return _query("css", query)


def _xpath(query: str) -> str:
    return _query("xpath", query)


def _query(kind: Literal["css", "xpath"], query: str) -> str:
    """Try the query on an empty page: a wrong one shall not wait for the first listing."""
    from parsel import Selector  # here, since lxml is slow to import where Airflow parses

    page = Selector(text="<html/>")
    try:
        page.css(query) if kind == "css" else page.xpath(query)
    except Exception as error:  # cssselect and lxml share no base
        raise ValueError(f"{query!r} is no {kind} selector: {error}") from error
    return query


def _locale(name: str) -> str:
    try:
        return str(Locale.parse(name.replace("-", "_")))
    except (ValueError, UnknownLocaleError) as error:
        raise ValueError(f"{name!r} is no locale: write it as de_DE, en_US or fr") from error


class Selector(BaseModel):
    """Where on a page a field stands; ``css`` as Scrapy writes it, with ``::text`` or ``::attr``.

    An element gives all its text. Of ``regex`` the first group counts, or else the whole match.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    css: Annotated[str, AfterValidator(_css)] | None = None
    xpath: Annotated[str, AfterValidator(_xpath)] | None = None
    regex: Annotated[str, AfterValidator(_regex)] | None = None

    @model_validator(mode="after")
    def _one_query(self) -> Self:
        if (self.css is None) == (self.xpath is None):
            raise ValueError("give either `css` or `xpath`")
        return self

    def __str__(self) -> str:
        query = f"css {self.css}" if self.css is not None else f"xpath {self.xpath}"
        return query if self.regex is None else f"{query}, regex {self.regex}"


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
LocaleName = Annotated[str, AfterValidator(_locale)]
