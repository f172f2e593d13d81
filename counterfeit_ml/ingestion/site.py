"""How one shop is crawled: the ``site`` of a marketplace in ``config/marketplaces.yaml``."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PositiveInt


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
