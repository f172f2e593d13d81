"""The rules of ``config/rules.yaml``, typed, and the version that a flag carries."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from counterfeit_ml.brands import BrandCatalogue
from counterfeit_ml.configuration import Document
from counterfeit_ml.flagging.checks import check
from counterfeit_ml.flagging.conditions import (
    Condition,
    Count,
    Listed,
    Name,
    Number,
    Obfuscated,
    Relisted,
    Share,
    Title,
)

MOST_RULES = 200
Key = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
Seller = Annotated[StrictStr, Field(pattern=r"^[^/\s]+/\S", max_length=500)]
"""``marketplace/seller_id``."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Model):
    """The conditions of a rule, each on the column it is named after; all of them must hold."""

    logo_confidence: Share | None = None
    price_usd: Number | None = None
    price_ratio: Number | None = None
    price_retail_ratio: Number | None = None
    brand: Name | None = None
    category: Name | None = None
    condition: Name | None = None
    marketplace: Name | None = None
    title: Title | None = None
    obfuscated_brand: Obfuscated | None = None
    seller: Listed | None = None
    other_sellers: Count | None = None
    seller_flags_before: Count | None = None
    seller_confirmed_before: Count | None = None
    relisted: Relisted | None = None

    @model_validator(mode="after")
    def _any(self) -> "When":
        if not self.conditions:
            raise ValueError("a rule without a condition would flag every listing: give one")
        return self

    @property
    def conditions(self) -> dict[str, Condition]:
        """Those that are given, by column."""
        return {name: value for name, value in self if value is not None}


class Rule(_Model):
    """Gives ``verdict`` to the listings of which all of ``when`` holds, and no earlier rule's."""

    id: Key
    verdict: Literal["counterfeit", "review"]
    when: When


class RuleBook(_Model):
    """Rules in the order in which they are tried; none is put to what ``allowed_sellers`` offer."""

    allowed_sellers: tuple[Seller, ...] = ()
    seller_lists: Mapping[Key, tuple[Seller, ...]] = {}
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=MOST_RULES)]

    def asks(self, *columns: str) -> bool:
        """Whether any rule has a condition on one of ``columns``."""
        return any(not rule.when.conditions.keys().isdisjoint(columns) for rule in self.rules)

    def listed_sellers(self) -> Iterator[tuple[str, str, str]]:
        """Each entry of each list: the list, the marketplace, the seller."""
        for name, sellers in self.seller_lists.items():
            yield from ((name, *_seller(one)) for one in sellers)

    def allowed(self) -> Iterator[tuple[str, str]]:
        """The marketplace and the seller of each that is allowed."""
        return map(_seller, self.allowed_sellers)


def _seller(entry: str) -> tuple[str, str]:
    marketplace, _, seller = entry.partition("/")
    return marketplace, seller


def load_rules(path: Path, catalogue: BrandCatalogue) -> RuleBook:
    """Read a rules file; ``ConfigError`` names the line of what is wrong.

    Wrong is also a brand, category or list that does not exist, and a rule that can never decide
    because an earlier one, or the allowed sellers, takes all that it would.
    """
    document = Document.read(path)
    book = document.as_model(RuleBook)
    check(document, book, catalogue)
    return book


def rules_version(rules: Path, config_dir: Path) -> str:
    """12 hex digits that change with any byte of the rules or of the price floors."""
    files = (rules, config_dir / "brands.yaml")
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
