"""Exchange rates: the European Central Bank's reference rates that ship with currencyconverter."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from currency_converter import CurrencyConverter, RateNotFoundError

LONGEST_GAP = timedelta(days=10)
"""The ECB publishes on working days; its longest holiday gap so far was five days."""


@dataclass(frozen=True)
class Rate:
    """What one unit of a currency is worth in US dollars at ``day``."""

    usd: float
    day: date


@lru_cache(maxsize=4096)
def usd_rate(currency: str, day: date) -> Rate | None:
    """The rate of ``currency`` (ISO 4217) on ``day``, or the last one published before it.

    None where the ECB does not quote the currency, or had ceased or not begun to by then.
    """
    table = _table()
    if currency not in table.currencies:
        return None
    last_of_all = table.bounds["EUR"].last_date
    newest = min(day, last_of_all)
    for back in range(LONGEST_GAP.days + 1):
        candidate = newest - timedelta(days=back)
        try:
            return Rate(float(table.convert(1, currency, "USD", candidate)), candidate)
        except RateNotFoundError:
            continue
    return None


def forget_rates() -> None:
    """Give back the table's 20 MB until a rate is asked for again."""
    usd_rate.cache_clear()
    _table.cache_clear()


@lru_cache(maxsize=1)
def _table() -> CurrencyConverter:
    return CurrencyConverter()
