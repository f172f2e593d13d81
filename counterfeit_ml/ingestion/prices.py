"""Reads a price as people write it: amount, or low and high of a range, and ISO currency."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from price_parser import Price

from counterfeit_ml.ingestion.currencies import NEEDS_DECLARATION, is_code, plain_sign, signs_of
from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.text import plain_text

MAX_LENGTH = 100
LARGEST_NUMBER = 10**15
"""Up to here a JSON number is exact in the float that it becomes."""

_GROUPS = str.maketrans(dict.fromkeys("’٬،⹁", "'"))
_DECIMAL = "\N{ARABIC DECIMAL SEPARATOR}"
_NUMBER = re.compile(rf"\d+(?:[.,'{_DECIMAL}]\d+|\s\d{{3}}(?!\d))*(?!\d*\s?%)|(?<![^\W\d_])[.]\d+")
_MINUS = re.compile(r"^[^\d]*[-−]\s*[^\d\s-]{0,4}\s?[.]?\d")
_RANGE = re.compile(
    r"(?P<left>\D*?)"
    r"(?:[-−–—~〜～]|\b(?:to|bis|à|a|tot|do|til|till|hasta|до)\b|から|至|到)"
    r"(?P<right>\D*)"
)
_SCALED = re.compile(r"\d\s?(?:[kK]|[mM]io|[mM]illion|[tT]sd|[tT]ausend|[lL]akh)\b|\d\s?[万萬억만]")
_SWISS_ZERO = re.compile(r"[.,][-–—]+(?!\d)")
_CENTS_BEHIND_EURO = re.compile(r"(?<=\d)€(\d\d)(?![\d.,])")
_SPACED_DOLLAR = re.compile(r"\b([A-Z]{1,2})\s+\$")


@dataclass(frozen=True)
class ParsedPrice:
    """``low`` and, for a range, ``high`` in units of ``currency`` (ISO 4217)."""

    low: Decimal
    high: Decimal | None
    currency: str


def parse_price(written: object, declared: object = None, locale: str | None = None) -> ParsedPrice:
    """Read ``written`` (text or JSON number); ``declared`` decides what an ambiguous sign means.

    ``locale`` (Babel: ``de_DE``) decides what a sign means where nothing is declared, and whether
    the mark in ``1.234`` is a decimal mark; without it three digits behind a mark are thousands.
    Raises ``Refused``. Two numbers are a range only with a dash or a word between them.
    """
    text = price_text(written)
    if not isinstance(written, str):
        return _of_number(Decimal(text), declared, locale)
    hashable = declared if declared is None or isinstance(declared, str) else ...
    return _of_text(text, hashable, locale)


@lru_cache(maxsize=8192)
def _of_text(text: str, declared: object, locale: str | None) -> ParsedPrice:
    """Remembered, since listings share their prices."""
    tidy = _tidy(text)
    amounts = [_amount(number, text, locale) for number in _numbers(tidy, text, locale)]
    if _MINUS.match(tidy):
        raise Refused(Reason.NEGATIVE_PRICE, f"{text!r} is below zero.")
    if min(amounts) == 0:
        raise Refused(Reason.ZERO_PRICE, f"{text!r} is nothing.")
    high = max(amounts) if len(amounts) == 2 else None
    return ParsedPrice(min(amounts), high, _currency(tidy, declared, locale))


def price_text(written: object) -> str:
    """The price as plain text, a number in decimals; raises ``Refused`` where there is none."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        return _number_text(written)
    text = plain_text(written, MAX_LENGTH + 1)
    if text is None and (written is None or isinstance(written, str)):
        raise Refused(Reason.MISSING_PRICE, "The record has no price.")
    if text is None:
        raise Refused(Reason.UNPARSEABLE_PRICE, f"A JSON {type(written).__name__} is no price.")
    if len(text) > MAX_LENGTH:
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{text!r}… is too long for a price.")
    return text


def _number_text(number: float) -> str:
    if not abs(number) < LARGEST_NUMBER:
        raise Refused(Reason.ABSURD_PRICE, "The price is infinite, no number, or absurdly large.")
    return format(Decimal(str(number)), "f")


def _of_number(amount: Decimal, declared: object, locale: str | None) -> ParsedPrice:
    """A JSON number needs no guessing: its point is a point."""
    if amount < 0:
        raise Refused(Reason.NEGATIVE_PRICE, f"{amount} is below zero.")
    if amount == 0:
        raise Refused(Reason.ZERO_PRICE, "The price is nothing.")
    return ParsedPrice(amount, None, _currency("", declared, locale))


def _tidy(text: str) -> str:
    """With our digits, one sign for each thing, and without what only stands for no cents."""
    text = "".join(str(unicodedata.decimal(char, char)) for char in text)
    text = plain_sign(text.translate(_GROUPS))
    text = _CENTS_BEHIND_EURO.sub(r".\1 €", text)
    text = _SWISS_ZERO.sub("", text)
    return _SPACED_DOLLAR.sub(r"\1$", text)


def _numbers(tidy: str, text: str, locale: str | None) -> list[str]:
    """The one number of a price, or the two of a range."""
    found = list(_NUMBER.finditer(tidy))
    if not found and tidy.strip().lower() == "free":
        raise Refused(Reason.ZERO_PRICE, "The listing is free.")
    if _SCALED.search(tidy):
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{text!r} counts in thousands or more.")
    if len(found) == 2 and _is_range(tidy[found[0].end() : found[1].start()], locale):
        return [number.group() for number in found]
    if len(found) != 1:
        count = "several numbers" if found else "no number"
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{text!r} holds {count}.")
    return [found[0].group()]


def _is_range(between: str, locale: str | None) -> bool:
    """Whether only a dash or a word stands between two numbers, and their currency."""
    found = _RANGE.fullmatch(between)
    signs = [plain_sign(side) for side in found.groups()] if found else [between]
    known = signs_of(locale).meanings
    return all(not sign or sign in known or is_code(sign) for sign in signs)


def _amount(number: str, text: str, locale: str | None) -> Decimal:
    mark = _decimal_mark(number, locale)
    number = number.replace(_DECIMAL, ".")
    amount = Price.fromstring(number, decimal_separator=mark).amount
    if amount is None:
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{text!r} is no price.")
    return amount


def _decimal_mark(number: str, locale: str | None) -> str | None:
    """The decimal mark, where the number itself or the locale settles it.

    ``0.999``; with several kinds of marks the last, if it stands once; ``1.234`` by locale.
    """
    marks = re.findall(r"\D", number)
    if _DECIMAL in marks:
        return "."
    if not marks or marks[-1] not in ".," or marks.count(marks[-1]) > 1:
        return None
    if len(set(marks)) > 1 or re.match(r"0?[.,]", number):
        return str(marks[-1])
    behind = len(number) - number.index(marks[-1]) - 1
    return str(marks[-1]) if behind == 3 and marks[-1] == _mark_of(locale) else None


def _mark_of(locale: str | None) -> str | None:
    if locale is None:
        return None
    symbols: dict[str, str] = Locale.parse(locale).number_symbols.get("latn", {})
    return symbols.get("currencyDecimal") or symbols.get("decimal")


def _currency(text: str, declared: object, locale: str | None) -> str:
    sign, possible = _sign(text, locale)
    if declared is None or declared == "":
        settled = signs_of(locale).settled
        if not possible or (sign in NEEDS_DECLARATION and sign not in settled):
            raise Refused(Reason.UNKNOWN_CURRENCY, f"{text!r} names no currency we know.")
        return possible[0]
    code = _declared_code(declared, possible, locale)
    if possible and code not in possible:
        raise Refused(Reason.CURRENCY_CONFLICT, f"{text!r} is declared to be in {code}.")
    return code


def _sign(text: str, locale: str | None) -> tuple[str, tuple[str, ...]]:
    """The sign in ``text`` and what it may mean; price-parser knows codes and further signs."""
    signs = signs_of(locale)
    sign = signs.find(text)
    if sign is not None:
        return sign, signs.possible(sign, text)
    word = Price.fromstring(text).currency or ""
    return word, (word,) if is_code(word) else ()


def _declared_code(declared: object, possible: tuple[str, ...], locale: str | None) -> str:
    if not isinstance(declared, str):
        raise Refused(Reason.UNKNOWN_CURRENCY, "The declared currency is no text.")
    word = plain_sign(declared)
    meanings = signs_of(locale).meanings.get(word, ())
    if meanings:
        return next((code for code in meanings if code in possible), meanings[0])
    code = word.upper()
    if not is_code(code):
        raise Refused(Reason.UNKNOWN_CURRENCY, f"{word[:20]!r} is no currency code.")
    return code
