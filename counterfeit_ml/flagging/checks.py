"""What types cannot tell of a rules file: names that do not exist, rules that never decide."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from counterfeit_ml.brands import NO_LOGO, BrandCatalogue
from counterfeit_ml.configuration import Document
from counterfeit_ml.flagging.conditions import Condition, Listed, Lists, Name

if TYPE_CHECKING:
    from counterfeit_ml.flagging.rules import Rule, RuleBook

CONDITIONS = ("new", "used")


def check(document: Document, book: "RuleBook", catalogue: BrandCatalogue) -> None:
    """Raises ``ConfigError`` for the first fault in ``book``, which ``document`` says."""
    known = {
        "brand": (*catalogue.brands, NO_LOGO),
        "category": tuple(catalogue.categories),
        "condition": CONDITIONS,
    }
    lists = {name: frozenset(sellers) for name, sellers in book.seller_lists.items()}
    for number, rule in enumerate(book.rules):
        place = ("rules", number)
        if rule.id in (one.id for one in book.rules[:number]):
            raise document.error((*place, "id"), f"two rules share the id {rule.id}.")
        for column, fault in _faults(rule.when.conditions, known, lists):
            raise document.error((*place, "when", column), fault)
        if reason := _taken(rule, book, number, lists):
            raise document.error(place, f"the rule {rule.id} can never match: {reason}.")


def _faults(
    conditions: dict[str, Condition], known: dict[str, tuple[str, ...]], lists: Lists
) -> Iterator[tuple[str, str]]:
    """Names that nothing has, by column."""
    for column, condition in conditions.items():
        if isinstance(condition, Name) and column in known:
            for name in sorted(set(condition.names) - set(known[column])):
                yield column, f"there is no {column} {name!r}, but {_listed(known[column])}."
        if isinstance(condition, Listed) and not lists.get(condition.listed_in):
            name = condition.listed_in
            yield column, f"seller_lists has no sellers in {name!r}, but in {_listed(lists)}."


def _taken(rule: "Rule", book: "RuleBook", number: int, lists: Lists) -> str | None:
    """Who takes all that ``rule`` would decide."""
    seller = rule.when.seller
    if seller is not None and lists[seller.listed_in] <= set(book.allowed_sellers):
        return f"every seller in {seller.listed_in} is allowed"
    for earlier in book.rules[:number]:
        if _within(rule.when.conditions, earlier.when.conditions, lists):
            return f"the rule {earlier.id} before it takes all that it would"
    return None


def _within(later: dict[str, Condition], earlier: dict[str, Condition], lists: Lists) -> bool:
    """Whether on every column ``earlier`` lets through all that ``later`` does."""
    return all(
        (later[column].selection(lists) if column in later else condition.everything).within(
            condition.selection(lists)
        )
        for column, condition in earlier.items()
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
