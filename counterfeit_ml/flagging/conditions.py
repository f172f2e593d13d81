"""The kinds of conditions a rule may have: typed, as a selection to compare, as SQL, as reasons."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field, RootModel, StrictBool, StrictStr, model_validator

from counterfeit_ml.brands import Words
from counterfeit_ml.flagging.columns import Column
from counterfeit_ml.flagging.lookalikes import NamePatterns
from counterfeit_ml.flagging.query import Parameters
from counterfeit_ml.flagging.selections import Names, Numbers, Selection, Texts
from counterfeit_ml.flagging.words import word_pattern

Lists = Mapping[str, frozenset[str]]
"""The sellers of each list."""
NAMED = 5
"""So many of a list's names stand in a reason."""
Figure = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Texts_ = Annotated[tuple[Text, ...], Field(min_length=1, max_length=10_000)]


class Query(Parameters):
    """The parameters of the statement that decides, and the names of brands to look for."""

    def __init__(self, names: NamePatterns | None) -> None:
        super().__init__()
        self.names = names


class Condition(Protocol):
    """What each kind of condition can say of itself."""

    everything: ClassVar[Selection]

    def selection(self, lists: Lists) -> Selection:
        """The values it lets through."""

    def sql(self, column: Column, query: Query) -> str:
        """True of a row that it lets through."""

    def reasons(self, column: Column, query: Query) -> list[str]:
        """SQL of sentences with the figures of a row that it let through."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Number(_Model):
    """Between bounds; or not known at all."""

    everything: ClassVar[Selection] = Numbers((0, 0), (inf, 0), unknown=True)
    lowest: ClassVar[float] = 0
    highest: ClassVar[float] = inf

    above: Figure | None = None
    at_least: Figure | None = None
    below: Figure | None = None
    at_most: Figure | None = None
    known: StrictBool | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Number":
        bounds = [name for name in OPERATORS if getattr(self, name) is not None]
        if not bounds and self.known is None:
            raise ValueError(f"give one of {', '.join(OPERATORS)}")
        if bounds and self.known is False:
            raise ValueError(f"what is not known cannot be {bounds[0]} anything")
        for pair in (("above", "at_least"), ("below", "at_most")):
            if set(pair) <= set(bounds):
                raise ValueError(f"give {' or '.join(pair)}, not both")
        if self.selection({}).empty:
            span = f"{self.lowest:g} to {self.highest:g}" if self.highest < inf else "0 or more"
            raise ValueError(f"no value fits: it is {span}")
        return self

    def selection(self, lists: Lists) -> Numbers:
        """Of an open bound, what is just beside it."""
        if self.known is False:
            return Numbers((inf, 0), (-inf, 0), unknown=True)
        low = (self.above, 1) if self.above is not None else (_or(self.at_least, -inf), 0)
        high = (self.below, -1) if self.below is not None else (_or(self.at_most, inf), 0)
        return Numbers(max(low, (self.lowest, 0)), min(high, (self.highest, 0)))

    def sql(self, column: Column, query: Query) -> str:
        """Its bounds, all of them."""
        if self.known is not None:
            known = f"{column.value} IS {'NOT ' if self.known else ''}NULL"
            return " AND ".join([known, *self._bounds(column, query)])
        return " AND ".join(self._bounds(column, query))

    def reasons(self, column: Column, query: Query) -> list[str]:
        """One for each bound."""
        if self.known is False:
            return [column.unknown]
        given = [(sign, getattr(self, name)) for name, sign in OPERATORS.items()]
        told = [
            f"concat({column.fact}, ' {sign} ', {column.bound.replace('?', query.add(value))})"
            for sign, value in given
            if value is not None
        ]
        return told or [f"concat({column.fact}, ' is known')"]

    def _bounds(self, column: Column, query: Query) -> list[str]:
        given = [(sign, getattr(self, name)) for name, sign in OPERATORS.items()]
        return [f"{column.value} {sign} {query.add(one)}" for sign, one in given if one is not None]


class Share(Number):
    """Of a probability: 0 to 1."""

    highest: ClassVar[float] = 1
    everything: ClassVar[Selection] = Numbers((0, 0), (1, 0), unknown=True)


class Count(Number):
    """Of something that can be counted, and so is always known."""

    everything: ClassVar[Selection] = Numbers((0, 0), (inf, 0))

    above: Whole | None = None
    at_least: Whole | None = None
    below: Whole | None = None
    at_most: Whole | None = None
    known: None = None

    def selection(self, lists: Lists) -> Numbers:
        """Above 2 is at least 3."""
        found = super().selection(lists)
        return Numbers(_closed(found.low), _closed(found.high))


OPERATORS = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _closed(bound: tuple[float, int]) -> tuple[float, int]:
    return (sum(bound), 0)


class Name(_Model):
    """One name, some, or all but some; or not known at all."""

    everything: ClassVar[Selection] = Names(others=True, unknown=True)

    is_: Text | None = Field(None, alias="is")
    in_: Texts_ | None = Field(None, alias="in")
    not_in: Texts_ | None = None
    known: StrictBool | None = None

    @model_validator(mode="after")
    def _one(self) -> "Name":
        if sum(value is not None for value in (self.is_, self.in_, self.not_in, self.known)) != 1:
            raise ValueError("give one of is, in, not_in and known")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Those it mentions."""
        return (self.is_,) if self.is_ is not None else self.in_ or self.not_in or ()

    def selection(self, lists: Lists) -> Names:
        """Only ``known: false`` lets through what is not known."""
        if self.known is not None:
            return Names(others=self.known, unknown=not self.known)
        return Names(frozenset(self.names), others=self.not_in is not None)

    def sql(self, column: Column, query: Query) -> str:
        """Null, and so not true, of what is not known."""
        if self.known is not None:
            return f"{column.value} IS {'NOT ' if self.known else ''}NULL"
        inside = f"list_contains({query.add(list(self.names))}, {column.value})"
        return f"NOT {inside}" if self.not_in else inside

    def reasons(self, column: Column, query: Query) -> list[str]:
        """The name, and the list where there is one."""
        if self.known is False:
            return [column.unknown]
        if self.in_ is None and self.not_in is None:
            return [column.fact]
        words = " is none of " if self.not_in else " is one of "
        return [f"concat({column.fact}, {query.add(words + _listed(self.names))})"]


class Title(_Model):
    """Has any of some words and phrases, and none of others."""

    everything: ClassVar[Selection] = Texts()

    has_any: Words | None = None
    has_none: Words | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Title":
        if self.has_any is None and self.has_none is None:
            raise ValueError("give has_any, has_none or both")
        if self.selection({}).empty:
            raise ValueError("no title fits: each word of has_any is in has_none")
        return self

    def selection(self, lists: Lists) -> Texts:
        """Case makes no difference."""
        having = None if self.has_any is None else _folded(self.has_any)
        return Texts(having, _folded(self.has_none or ()))

    def sql(self, column: Column, query: Query) -> str:
        """A pattern each for what it must and must not have."""
        found = []
        if self.has_any is not None:
            found.append(f"regexp_matches({column.value}, {query.add(word_pattern(self.has_any))})")
        if self.has_none is not None:
            pattern = query.add(word_pattern(self.has_none))
            found.append(f"NOT regexp_matches({column.value}, {pattern})")
        return " AND ".join(found)

    def reasons(self, column: Column, query: Query) -> list[str]:
        """The words that were found."""
        found = []
        if self.has_any is not None:
            words = ", ".join(
                f"CASE WHEN regexp_matches({column.value}, {query.add(word_pattern([word]))}) "
                f"THEN {query.add(word)} END"
                for word in self.has_any
            )
            found.append(f"concat({column.fact}, ' has ', concat_ws(', ', {words}))")
        if self.has_none is not None:
            lacking = f" has none of {_listed(self.has_none)}"
            found.append(f"concat({column.fact}, {query.add(lacking)})")
        return found


class Listed(_Model):
    """On a list of ``seller_lists``."""

    everything: ClassVar[Selection] = Names(others=True, unknown=True)

    listed_in: Text

    def selection(self, lists: Lists) -> Names:
        """The sellers on it."""
        return Names(lists.get(self.listed_in, frozenset()))

    def sql(self, column: Column, query: Query) -> str:
        """``column`` holds the lists that have the seller."""
        return f"list_contains({column.value}, {query.add(self.listed_in)})"

    def reasons(self, column: Column, query: Query) -> list[str]:
        """Who, and on which."""
        return [f"concat({column.fact}, ' is on the list ', {query.add(self.listed_in)})"]


class YesNo(RootModel[StrictBool]):
    """Whether something is so."""

    model_config = ConfigDict(frozen=True)
    everything: ClassVar[Selection] = Names(frozenset({"True", "False"}))

    def selection(self, lists: Lists) -> Names:
        """One of two."""
        return Names(frozenset({str(self.root)}))


class Obfuscated(YesNo):
    """The title spells a brand with characters that look like its letters."""

    def sql(self, column: Column, query: Query) -> str:
        """Whether there is such a name."""
        return f"len({_names_in(column, query)}) {'>' if self.root else '='} 0"

    def reasons(self, column: Column, query: Query) -> list[str]:
        """The names as they are spelt."""
        if not self.root:
            return ["'the title spells no brand with look-alikes'"]
        names = f"array_to_string({_names_in(column, query)}[1:{NAMED}], ', ')"
        return [f"concat({column.fact}, {names})"]


class Relisted(YesNo):
    """The picture, or one that looks the same, was flagged before in another listing."""

    def sql(self, column: Column, query: Query) -> str:
        """``column`` names that listing."""
        return f"{column.value} IS {'NOT ' if self.root else ''}NULL"

    def reasons(self, column: Column, query: Query) -> list[str]:
        """That listing."""
        if not self.root:
            return ["'the picture was not flagged before'"]
        return [f"concat({column.fact}, {column.value})"]


def _names_in(column: Column, query: Query) -> str:
    """SQL of the list of obfuscated names."""
    if query.names is None:
        return "[]::VARCHAR[]"
    text = f"strip_accents({column.value})"
    word, alike, plain = map(query.add, (query.names.word, query.names.alike, query.names.plain))
    return (
        f"[trim(x) for x in regexp_extract_all({text}, {word}) "
        f"if regexp_full_match(x, {alike}) AND NOT regexp_full_match(x, {plain})]"
    )


def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(" ".join(word.casefold().split()) for word in words)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
