"""Reads a price as people write it: amount, or low and high of a range, and ISO currency."""

import re
from dataclasses import dataclass
from decimal import Decimal

from price_parser import Price

from counterfeit_ml.ingestion.reasons import Reason, Refused
from counterfeit_ml.ingestion.text import plain_text

MAX_LENGTH = 100
LARGEST_NUMBER = 10**15
"""Up to here a JSON number is exact in the float that it becomes."""

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
    "￥": ("JPY", "CNY"),
    "CN¥": ("CNY",),
    "円": ("JPY",),
    "元": ("CNY",),
    "Fr": ("CHF",),
    "Fr.": ("CHF",),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "zł": ("PLN",),
    "Zł": ("PLN",),
    "Kč": ("CZK",),
    "Ft": ("HUF",),
    "lei": ("RON",),
    "₺": ("TRY",),
    "₹": ("INR",),
    "₩": ("KRW",),
    "฿": ("THB",),
    "₪": ("ILS",),
    "₱": ("PHP",),
    "Rp": ("IDR",),
    "RM": ("MYR",),
}
"""Symbol to the currencies it may mean, the one it means where nothing else is said first.
``kr`` means none of four by itself, so it needs a declared currency."""
_NEEDS_DECLARATION = frozenset({"kr"})

_NUMBER = re.compile(r"\d+(?:[.,']\d+|\s\d{3}(?!\d))*(?!\d*\s?%)|[.]\d+")
_MINUS = re.compile(r"^[^\d]*[-−]\s*[^\d\s-]{0,4}\s?[.]?\d")
_RANGE = re.compile(
    r"(?:(?<=\d)|(?<=\d\S)|(?<=\d\s\S)|(?<=\d\s\S\S)|(?<=\d\s\S{3}))"  # a number, its sign
    r"\s*(?:-|−|–|—|~|〜|\bto\b|\bbis\b|\bà\b)\s*(?=[^\d]{0,6}\d)"
)
_SWISS_ZERO = re.compile(r"[.,][-–—]+(?!\d)")
_CENTS_BEHIND_EURO = re.compile(r"(?<=\d)€(\d\d)(?![\d.,])")
_SPACED_DOLLAR = re.compile(r"\b([A-Z]{1,2})\s+\$")


@dataclass(frozen=True)
class ParsedPrice:
    """``low`` and, for a range, ``high`` in units of ``currency`` (ISO 4217)."""

    low: Decimal
    high: Decimal | None
    currency: str


def parse_price(written: object, declared: object = None) -> ParsedPrice:
    """Read ``written`` (text or JSON number); ``declared`` decides what an ambiguous sign means.

    Raises ``Refused``. Two numbers are a range only with a dash or a word between them.
    """
    text = price_text(written)
    if not isinstance(written, str):
        return _of_number(Decimal(text), declared)
    tidy = _tidy(text)
    amounts = [_amount(part, text) for part in _RANGE.split(tidy)]
    if len(amounts) > 2:
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{text!r} holds more than two prices.")
    if min(amounts) == 0:
        raise Refused(Reason.ZERO_PRICE, f"{text!r} is nothing.")
    high = max(amounts) if len(amounts) == 2 else None
    return ParsedPrice(min(amounts), high, _currency(tidy, declared))


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


def _of_number(amount: Decimal, declared: object) -> ParsedPrice:
    """A JSON number needs no guessing: its point is a point."""
    if amount < 0:
        raise Refused(Reason.NEGATIVE_PRICE, f"{amount} is below zero.")
    if amount == 0:
        raise Refused(Reason.ZERO_PRICE, "The price is nothing.")
    return ParsedPrice(amount, None, _currency("", declared))


def _tidy(text: str) -> str:
    text = text.replace("’", "'").replace("\N{FULLWIDTH YEN SIGN}", "¥")
    text = _CENTS_BEHIND_EURO.sub(r".\1 €", text)
    text = _SWISS_ZERO.sub("", text)
    return _SPACED_DOLLAR.sub(r"\1$", text)


def _amount(part: str, text: str) -> Decimal:
    numbers = _NUMBER.findall(part)
    if not numbers and part.strip().lower() == "free":
        raise Refused(Reason.ZERO_PRICE, "The listing is free.")
    if len(numbers) != 1:
        found = "no number" if not numbers else "several numbers"
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{text!r} holds {found}.")
    amount = Price.fromstring(numbers[0], decimal_separator=_decimal_separator(numbers[0])).amount
    if amount is None:
        raise Refused(Reason.UNPARSEABLE_PRICE, f"{text!r} is no price.")
    if _MINUS.match(part):
        raise Refused(Reason.NEGATIVE_PRICE, f"{text!r} is below zero.")
    return amount


def _decimal_separator(number: str) -> str | None:
    """Where the number itself settles it: ``0.999``, or both separators, of which the last."""
    if re.fullmatch(r"0?[.,]\d+", number):
        return number.lstrip("0")[0]
    last = max(number.rfind("."), number.rfind(","))
    if "." in number and "," in number and number.count(number[last]) == 1:
        return number[last]
    return None


def _currency(text: str, declared: object) -> str:
    symbol = Price.fromstring(text).currency or ""
    possible = SYMBOLS.get(symbol, (symbol,) if _is_code(symbol) else ())
    if declared is None or declared == "":
        if not possible or symbol in _NEEDS_DECLARATION:
            raise Refused(Reason.UNKNOWN_CURRENCY, f"{text!r} names no currency we know.")
        return possible[0]
    code = _declared_code(declared, possible)
    if possible and code not in possible and symbol in text:
        raise Refused(Reason.CURRENCY_CONFLICT, f"{text!r} is declared to be in {code}.")
    return code


def _declared_code(declared: object, possible: tuple[str, ...]) -> str:
    if not isinstance(declared, str):
        raise Refused(Reason.UNKNOWN_CURRENCY, "The declared currency is no text.")
    word = declared.strip()
    if word in SYMBOLS:
        shared = [code for code in SYMBOLS[word] if code in possible]
        return (shared or SYMBOLS[word])[0]
    code = word.upper()
    if not _is_code(code):
        raise Refused(Reason.UNKNOWN_CURRENCY, f"{word[:20]!r} is no currency code.")
    return code


def _is_code(word: str) -> bool:
    return len(word) == 3 and word.isascii() and word.isalpha() and word.isupper()
