"""Selectors and patterns as configuration writes them, tried when it is loaded."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator


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
    from parsel import Selector as Page  # here, since lxml is slow to import where Airflow parses

    page = Page(text="<html/>")
    try:
        page.css(query) if kind == "css" else page.xpath(query)
    except Exception as error:  # cssselect and lxml share no base
        raise ValueError(f"{query!r} is no {kind} selector: {error}") from error
    return query


Regex = Annotated[str, AfterValidator(_regex)]


class LinkSelector(BaseModel):
    """Where on a page links stand: either ``css`` or ``xpath``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    css: Annotated[str, AfterValidator(_css)] | None = None
    xpath: Annotated[str, AfterValidator(_xpath)] | None = None

    @model_validator(mode="after")
    def _one_query(self) -> Self:
        if (self.css is None) == (self.xpath is None):
            raise ValueError("give either `css` or `xpath`")
        return self


class Selector(LinkSelector):
    """Where on a page a field stands; ``css`` as Scrapy writes it, with ``::text`` or ``::attr``.

    An element gives all its text. Of ``regex`` the first group counts, or else the whole match.
    """

    regex: Regex | None = None

    def __str__(self) -> str:
        query = f"css {self.css}" if self.css is not None else f"xpath {self.xpath}"
        return query if self.regex is None else f"{query}, regex {self.regex}"
