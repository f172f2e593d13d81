"""Which currencies a sign may mean: of itself, and where a locale is known."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale

SYMBOLS: dict[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN"),
    "US$": ("USD",),
    "C$": ("CAD",),
    "CA$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    "S$": ("SGD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "€": ("EUR",),
    "euro": ("EUR",),
    "eur": ("EUR",),
    "£": ("GBP",),
    "¥": ("JPY", "CNY"),
    "CN¥": ("CNY",),
    "JP¥": ("JPY",),
    "円": ("JPY",),
    "元": ("CNY",),
    "Fr": ("CHF",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "zł": ("PLN",),
    "Zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "lei": ("RON",),
    "лв": ("BGN",),
    "₽": ("RUB",),
    "₺": ("TRY",),
    "₹": ("INR",),
    "₩": ("KRW",),
    "฿": ("THB",),
    "₪": ("ILS",),
    "₱": ("PHP",),
    "Rp": ("IDR",),
    "RM": ("MYR",),
}
"""Sign to the currencies it may mean, the one it means where nothing else is said first."""
NEEDS_DECLARATION = frozenset({"kr"})
"""Signs that mean none of their currencies by themselves: a declared currency or a locale must."""
_WIDE = {"\N{FULLWIDTH YEN SIGN}": "¥", "\N{FULLWIDTH WON SIGN}": "₩"}
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")


@dataclass(frozen=True)
class Signs:
    """The signs that can be read, as ``plain_sign`` writes them."""

    meanings: dict[str, tuple[str, ...]]
    settled: frozenset[str]
    """Those that mean their first currency where none is declared."""
    pattern: re.Pattern[str]

    def find(self, text: str) -> str | None:
        """The first sign in ``text``, the longest where several begin."""
        found = self.pattern.search(text)
        return found.group() if found else None

    def possible(self, sign: str, text: str) -> tuple[str, ...]:
        """What ``sign`` may mean, narrowed by a code beside it: ``CAD $100``."""
        codes = _CODE.findall(text)
        meanings = self.meanings[sign]
        return tuple(code for code in meanings if code in codes) or meanings


@lru_cache(maxsize=64)
def signs_of(locale: str | None) -> Signs:
    """The signs every shop may use, and before them those that ``locale`` (Babel) writes.

    In ``en_AU`` the dollar is Australian, in ``da`` ``kr.`` is Danish, in ``zh`` ``¥`` is Chinese.
    """
    own: dict[str, tuple[str, ...]] = {}
    symbols = Locale.parse(locale).currency_symbols if locale else {}
    for code, symbol in symbols.items():
        sign = plain_sign(symbol)
        if sign and sign not in symbols:
            own[sign] = (*own.get(sign, ()), code)
    meanings = SYMBOLS | {
        sign: tuple(dict.fromkeys(codes + SYMBOLS.get(sign, ()))) for sign, codes in own.items()
    }
    settled = frozenset(own) | (frozenset(SYMBOLS) - NEEDS_DECLARATION)
    longest_first = sorted(meanings, key=len, reverse=True)
    return Signs(meanings, settled, re.compile("|".join(map(_whole, longest_first))))


def plain_sign(text: str) -> str:
    """``text`` without what only lays it out: direction marks, wide forms, a closing point."""
    visible = "".join(_WIDE.get(char, char) for char in text if unicodedata.category(char) != "Cf")
    return " ".join(visible.split()).rstrip(".")


def is_code(word: str) -> bool:
    """Whether ``word`` has the form of an ISO 4217 code."""
    return _CODE.fullmatch(word) is not None


def _whole(sign: str) -> str:
    """A pattern for ``sign`` where it is no part of a longer word."""
    before = r"(?<![^\W\d_])" if sign[0].isalpha() else ""
    behind = r"(?![^\W\d_])" if sign[-1].isalpha() else ""
    return before + re.escape(sign) + behind
