"""The marketplaces we ingest: ``config/marketplaces.yaml``, typed and checked."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    PositiveInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from counterfeit_ml.configuration import load_yaml
from counterfeit_ml.errors import ConfigError, IngestionError
from counterfeit_ml.ingestion.door import web_url
from counterfeit_ml.ingestion.feed.config import Feed, format_of, is_web
from counterfeit_ml.ingestion.reasons import Refused
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.settings import ConfigSettings

INACTIVE_AFTER_DAYS = 14
NAME = r"^[a-z0-9_]{1,64}$"
Name = Annotated[str, StringConstraints(pattern=NAME)]


class Marketplace(BaseModel):
    """One marketplace: either a site or a feed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    site: Site | None = None
    feed: Feed | None = None
    inactive_after_days: PositiveInt = INACTIVE_AFTER_DAYS
    """How long a listing may go unseen and still count as offered."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.site is None) == (self.feed is None):
            raise ValueError("give either `site` or `feed`")
        return self

    @property
    def source(self) -> Site | Feed:
        """The one of the two that is given."""
        source = self.site or self.feed
        assert source is not None  # noqa: S101  (the validator saw to it)
        return source


class Marketplaces(BaseModel):
    """``config/marketplaces.yaml``: marketplaces by the name that partitions carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    marketplaces: Mapping[Name, Marketplace]


def load_marketplaces(settings: ConfigSettings) -> Mapping[str, Marketplace]:
    """Read ``marketplaces.yaml``; raises ``ConfigError``.

    ``${SAMPLE_MARKETPLACE_URL}`` in an address stands for the setting of that name.
    """
    path = settings.config_dir / "marketplaces.yaml"
    known = {"SAMPLE_MARKETPLACE_URL": settings.sample_marketplace_url}
    marketplaces = load_yaml(path, Marketplaces).marketplaces
    return {name: _resolved(path, name, one, known) for name, one in marketplaces.items()}


def choose_marketplaces(
    settings: ConfigSettings, names: Sequence[str], source: str | None
) -> list[str]:
    """``names``, or every configured one where none is given. Raises ``IngestionError``."""
    if source is not None and len(names) != 1:
        raise IngestionError(
            f"Whose listings does {source} hold? Give exactly one marketplace beside it."
        )
    for name in names:
        source_of(settings, name, source)
    chosen = names or load_marketplaces(settings)
    if not chosen:
        raise IngestionError(
            f"{settings.config_dir / 'marketplaces.yaml'} names no marketplace: add one there."
        )
    return sorted(set(chosen))


def source_of(settings: ConfigSettings, name: str, source: str | None = None) -> Site | Feed:
    """Where to ingest ``name`` from: its configuration, or ``source`` instead.

    A ``source`` is a feed where it is a path, an ``s3://`` address or a URL that ends as a feed's
    file does (``.csv``, ``.jsonl.gz`` …), else the URL of a shop. It keeps the other keys of the
    feed or site that is configured. Raises ``IngestionError``.
    """
    if not re.fullmatch(NAME, name):
        raise IngestionError(
            f"{name[:80]!r} cannot name a marketplace: use lower-case letters, digits and _."
        )
    configured = load_marketplaces(settings).get(name)
    if source is None:
        if configured is None:
            raise IngestionError(
                f"There is no marketplace {name!r} in {settings.config_dir / 'marketplaces.yaml'}: "
                f"add it there, or give a source."
            )
        return configured.source
    if not is_web(source) or format_of(source):
        return _feed_at(source, configured.feed if configured else None)
    try:
        web_url(source)
    except Refused as refusal:
        raise IngestionError(f"{refusal.detail} Give a shop's URL or a feed's path.") from refusal
    site = (configured.site if configured else None) or Site(start_urls=(source,))
    here = {"start_urls": (source,), "sitemaps": (), "allowed_domains": ()}
    return site.model_copy(update=here)


def inactive_after_days(settings: ConfigSettings, name: str) -> int:
    """How many days ``name``'s listings may go unseen; the default for one not configured."""
    configured = load_marketplaces(settings).get(name)
    return configured.inactive_after_days if configured else INACTIVE_AFTER_DAYS


def _feed_at(path: str, configured: Feed | None) -> Feed:
    """The feed at ``path``, read as the ``configured`` one is."""
    keys = configured.model_dump(exclude_unset=True) if configured else {}
    try:
        return Feed.model_validate(keys | {"path": path})
    except ValidationError as error:
        faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        raise IngestionError(f"The source {path[:200]!r}: {faults}.") from None


def _resolved(
    path: Path, name: str, marketplace: Marketplace, known: Mapping[str, str]
) -> Marketplace:
    if marketplace.site is None:
        return marketplace
    entrances = {
        key: tuple(
            _filled_in(f"{path}: marketplaces.{name}.site.{key}", url, known)
            for url in getattr(marketplace.site, key)
        )
        for key in ("start_urls", "sitemaps")
    }
    site = marketplace.site.model_copy(update=entrances)
    return marketplace.model_copy(update={"site": site})


def _filled_in(place: str, url: str, known: Mapping[str, str]) -> str:
    try:
        return web_url(Template(url).substitute(known))
    except (KeyError, ValueError) as error:
        raise ConfigError(
            f"{place}: only ${{{', '.join(known)}}} can be filled in, not {error}."
        ) from error
    except Refused as refusal:
        raise ConfigError(f"{place}: {refusal.detail}") from refusal
