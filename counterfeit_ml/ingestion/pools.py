"""The pools of ingestion in Airflow: one slot for each shop's domain, so that none is hurried.

Light: the DAG file asks this for its tasks whenever Airflow parses it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from counterfeit_ml.errors import IngestionError
from counterfeit_ml.ingestion.marketplaces import choose_marketplaces, load_marketplaces, source_of
from counterfeit_ml.ingestion.site import Site
from counterfeit_ml.settings import ConfigSettings


class Pool(NamedTuple):
    """How many tasks may run at once that share something."""

    name: str
    slots: int
    description: str


FEEDS = Pool("feeds", 1, "One feed at a time: two days of one share its history.")
OTHER_SHOPS = Pool("other_shops", 1, "Shops given by hand, of no domain in the configuration.")


def ingestion_pools(settings: ConfigSettings) -> list[Pool]:
    """The pools that ``marketplaces.yaml`` needs, by name; raises ``ConfigError``."""
    sites = [one.site for one in load_marketplaces(settings).values() if one.site]
    domains = {_domain_pool(site) for site in sites}
    return sorted({*domains, FEEDS, OTHER_SHOPS})


def by_pool(
    settings: ConfigSettings, names: Sequence[str], source: str | None, pools: Sequence[str]
) -> dict[str, list[str]]:
    """The chosen marketplaces (none named: all) under the one of ``pools`` each belongs to.

    Raises ``IngestionError``, also where the configuration has got a domain that ``pools`` lack.
    """
    chosen: dict[str, list[str]] = {pool: [] for pool in pools}
    for name in choose_marketplaces(settings, names, source):
        found = source_of(settings, name, source)
        pool = _domain_pool(found).name if isinstance(found, Site) else FEEDS.name
        if pool not in chosen and source is None:
            raise IngestionError(
                f"The marketplace {name!r} is newer than the tasks of this run: let `counterfeit "
                f"up` make its pool {pool}, and trigger again in a minute."
            )
        chosen[pool if pool in chosen else OTHER_SHOPS.name].append(name)
    return chosen


def _domain_pool(site: Site) -> Pool:
    host = urlsplit(site.entrances[0]).hostname or ""
    name = re.sub(r"[^a-z0-9-]+", "_", host.strip("."))
    return Pool(f"domain_{name}", 1, f"One task at a time asks {host} for pages.")
