from datetime import date

import pytest

from counterfeit_ml.ingestion.rates import usd_rate


def test_takes_the_rate_of_the_day():
    # ECB reference rates of 28 March 2014: 1 EUR = 1.3759 USD = 140.9 JPY
    rate = usd_rate("EUR", date(2014, 3, 28))
    assert (rate.usd, rate.day) == (1.3759, date(2014, 3, 28))
    assert usd_rate("JPY", date(2014, 3, 28)).usd == pytest.approx(1.3759 / 140.9)


def test_takes_the_last_rate_before_a_sunday():
    assert usd_rate("EUR", date(2014, 3, 30)) == usd_rate("EUR", date(2014, 3, 28))


def test_dates_a_dollar_price_as_well():
    rate = usd_rate("USD", date(2014, 3, 30))
    assert (rate.usd, rate.day) == (pytest.approx(1.0), date(2014, 3, 28))


def test_knows_no_currency_that_had_ceased_or_is_not_quoted():
    assert usd_rate("LTL", date(2014, 3, 28)) is not None
    assert usd_rate("LTL", date(2016, 3, 28)) is None
    assert usd_rate("QTL", date(2014, 3, 28)) is None
    assert usd_rate("EUR", date(1990, 1, 1)) is None
