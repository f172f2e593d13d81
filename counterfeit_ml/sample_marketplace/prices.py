"""Prices as sellers write them, in six currencies."""

from collections.abc import Callable, Mapping
from random import Random

from counterfeit_ml.sample_marketplace.catalogue import PriceForm, PriceTag

USD_RATES: Mapping[str, float] = {
    "USD": 1.0,
    "EUR": 1.117,
    "GBP": 1.340,
    "JPY": 0.00636,
    "CHF": 1.215,
    "PLN": 0.2537,
}
"""US dollars for one unit: the ECB's reference rates of 30 October 2026, rounded."""

SHARES: Mapping[str, int] = {"USD": 45, "EUR": 20, "GBP": 12, "JPY": 9, "CHF": 6, "PLN": 8}
"""How many of a hundred listings are priced in each currency."""

RANGE_SHARE, TEXT_SHARE = 0.08, 0.3

Spelling = Callable[[float], str]


def _english(amount: float) -> str:
    return f"{amount:,.2f}"


def _german(amount: float) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _polish(amount: float) -> str:
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")


SPELLINGS: Mapping[str, tuple[Spelling, ...]] = {
    "USD": (
        lambda amount: f"${_english(amount)}",
        lambda amount: f"US ${_english(amount)}",
        lambda amount: f"USD {_english(amount)}",
        lambda amount: f"${_english(amount)}",
    ),
    "EUR": (
        lambda amount: f"{_german(amount)} €",
        lambda amount: f"EUR {_german(amount)}",
        lambda amount: f"€{_english(amount)}",
        lambda amount: f"€ {_german(amount)}",
    ),
    "GBP": (lambda amount: f"£{_english(amount)}", lambda amount: f"{_english(amount)} GBP"),
    "JPY": (lambda amount: f"¥{amount:,.0f}", lambda amount: f"JPY {amount:,.0f}"),
    "CHF": (
        lambda amount: f"CHF {_english(amount)}".replace(",", "'"),
        lambda amount: f"CHF {_english(amount)}".replace(",", "'").replace(".00", ".-"),
    ),
    "PLN": (
        lambda amount: f"{_polish(amount)} zł",
        lambda amount: f"{_polish(amount)} zł".replace(" ", "\u00a0"),
        lambda amount: f"{_polish(amount)} PLN",
    ),
}
"""How each currency's amounts are written; every spelling keeps the exact amount."""


def price_tag(random: Random, usd: float) -> tuple[PriceTag, float]:
    """A tag of about ``usd`` US dollars in some currency, spelling and form; its exact dollars."""
    currency = random.choices(list(SHARES), list(SHARES.values()))[0]
    amount = _charming(random, usd / USD_RATES[currency], currency)
    spell = random.choice(SPELLINGS[currency])
    dollars = round(amount * USD_RATES[currency], 2)
    if random.random() < RANGE_SHARE:
        return _range_tag(random, spell, amount, currency), dollars
    text = spell(amount)
    if currency == "GBP":
        text = text.replace(".00", "")
    form = PriceForm.TEXT if random.random() < TEXT_SHARE else PriceForm.NUMBER
    stated = _stated(random, text, currency, form)
    return PriceTag(text=text, form=form, amount=amount, currency=stated), dollars


def _range_tag(random: Random, spell: Spelling, low: float, currency: str) -> PriceTag:
    """A price that depends on the size or colour chosen: the low end counts."""
    high = _charming(random, low * random.uniform(1.2, 1.9) + 1, currency)
    text = f"{spell(low)} {random.choice('-–')} {spell(high)}"
    form = random.choice((PriceForm.RANGE, PriceForm.TEXT))
    return PriceTag(text=text, form=form, amount=low, high=high, currency=currency)


def _stated(random: Random, text: str, currency: str, form: PriceForm) -> str | None:
    """Some shops leave the currency to the text, where it is plain there."""
    plain = any(sign in text for sign in ("€", "£", "zł", currency))
    return None if form is PriceForm.TEXT and plain and random.random() < 0.4 else currency


def _charming(random: Random, amount: float, currency: str) -> float:
    """Cut an amount, 1 or more, the way sellers do; at most one unit is lost."""
    if currency == "JPY":
        return float(int(amount))
    cents = random.choice((None, 0.0, 0.99, 0.95, 0.5))
    if cents is None or amount < 2:
        return int(amount * 100) / 100
    charming = int(amount) + cents
    return round(charming if charming <= amount else charming - 1, 2)
