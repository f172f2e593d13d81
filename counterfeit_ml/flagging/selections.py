"""What a condition lets through of its column, as a set: is it empty, is it within another?"""

from dataclasses import dataclass
from math import inf
from typing import Protocol, Self

Bound = tuple[float, int]
"""A number and on which side of it the bound lies: -1 just below, 0 at it, 1 just above."""


class Selection(Protocol):
    """A set of a column's values; ``unknown`` says whether rows without a value are in it."""

    @property
    def empty(self) -> bool:
        """Whether nothing is let through."""

    def within(self, other: Self) -> bool:
        """Whether ``other`` lets all through that this does."""


@dataclass(frozen=True)
class Numbers:
    """All from ``low`` to ``high``."""

    low: Bound = (-inf, 0)
    high: Bound = (inf, 0)
    unknown: bool = False

    @property
    def empty(self) -> bool:
        """Whether no number is in it, nor the unknown."""
        return self.low > self.high and not self.unknown

    def within(self, other: "Numbers") -> bool:
        """Whether ``other`` has all that this has."""
        if self.unknown and not other.unknown:
            return False
        return self.low > self.high or (other.low <= self.low and self.high <= other.high)


@dataclass(frozen=True)
class Names:
    """Those in ``names``, or all others."""

    names: frozenset[str] = frozenset()
    others: bool = False
    unknown: bool = False

    @property
    def empty(self) -> bool:
        """Whether no name is in it, nor the unknown."""
        return not (self.names or self.others or self.unknown)

    def within(self, other: "Names") -> bool:
        """Whether ``other`` has all that this has."""
        if self.unknown and not other.unknown:
            return False
        if self.others:
            return other.others and other.names <= self.names
        return not self.names & other.names if other.others else self.names <= other.names


@dataclass(frozen=True)
class Texts:
    """Those with one of the words ``having`` (None: any text) and none of ``lacking``."""

    having: frozenset[str] | None = None
    lacking: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether each word it must have is one it must not have."""
        return self.having is not None and self.having <= self.lacking

    def within(self, other: "Texts") -> bool:
        """Whether the words alone say that ``other`` has all that this has."""
        if other.having is not None and (self.having is None or not self.having <= other.having):
            return False
        return other.lacking <= self.lacking
