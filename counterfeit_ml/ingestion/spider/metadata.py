"""Reads the metadata of a page (JSON-LD, microdata, OpenGraph), each syntax when it is asked for.

Heavy to import (extruct): only the spider's process does.
"""

import logging
from functools import cached_property
from typing import Any

import extruct
from lxml.html import HtmlElement

MAX_JSON_LD = 2_000_000
"""Characters of one script; a product with all its reviews takes a tenth of it."""
MAX_ELEMENTS = 50_000
MAX_NESTING = 10
"""Microdata within microdata: extruct copies all elements of a page once a level."""
MAX_PROPERTIES = 10_000
"""Microdata properties, counted once more for each ``itemref``, which takes in any of them."""
MAX_PREFIX = 2_000
"""Characters of an OpenGraph ``prefix``, which extruct's pattern reads in quadratic time."""
_IS_NESTED = f"[count(ancestor::*[@itemprop or @itemscope]) > {MAX_NESTING}]"

log = logging.getLogger(__name__)


class PageMetadata:
    """The metadata in one parsed page; a syntax that cannot be read is empty."""

    def __init__(self, tree: HtmlElement, base_url: str) -> None:
        self._tree = tree
        self._base_url = base_url

    @cached_property
    def json_ld(self) -> list[Any]:
        """The documents as they stand; one that is broken leaves the others."""
        scripts = self._tree.xpath('//script[@type="application/ld+json"]')
        sound = [one for one in scripts if len(one.text or "") <= MAX_JSON_LD]
        return [item for script in sound for item in self._read("json-ld", script)]

    @cached_property
    def microdata(self) -> list[Any]:
        """Items as JSON-LD would write them; none where the page holds no product, or a bomb."""
        if not self._tree.xpath('boolean(//@itemtype[contains(., "roduct")])') or self._is_bomb():
            return []
        return self._read("microdata", self._tree)

    @cached_property
    def opengraph(self) -> list[Any]:
        """Properties by name, as a list where one is given more than once."""
        too_long = f"[string-length(.) > {MAX_PREFIX}]"
        if self._tree.xpath(f"boolean(//html/@prefix{too_long} | //head/@prefix{too_long})"):
            return []
        return self._read("opengraph", self._tree)

    def _is_bomb(self) -> bool:
        count = self._tree.xpath
        properties = count("count(//@itemprop) + count(//@itemscope)")
        references = sum(len(names.split()) for names in count("//@itemref"))
        return (
            properties * (1 + references) > MAX_PROPERTIES
            or count("count(//*)") > MAX_ELEMENTS
            or bool(count(f"boolean(//@itemprop{_IS_NESTED} or //@itemscope{_IS_NESTED})"))
        )

    def _read(self, syntax: str, tree: HtmlElement) -> list[Any]:
        try:
            found = extruct.extract(
                tree,
                base_url=self._base_url,
                syntaxes=[syntax],
                uniform=syntax != "json-ld",
                with_og_array=True,
            )
        except Exception as error:  # extruct raises what its parsers do on hostile pages
            log.info("the %s of %s cannot be read: %s", syntax, self._base_url, error)
            return []
        items: list[Any] = found.get(syntax) or []
        return items
