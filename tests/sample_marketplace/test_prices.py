# ruff: noqa: S311 - seeded streams are the point here
from decimal import Decimal
from random import Random

import pytest
from price_parser import Price

from counterfeit_ml.sample_marketplace.catalogue import PriceForm
from counterfeit_ml.sample_marketplace.prices import SPELLINGS, USD_RATES, price_tag


@pytest.mark.parametrize(
    ("currency", "written"),
    [
        ("USD", ["$1,234.50", "US $1,234.50", "USD 1,234.50", "$1,234.50"]),
        ("EUR", ["1.234,50 €", "EUR 1.234,50", "€1,234.50", "€ 1.234,50"]),
        ("GBP", ["£1,234.50", "1,234.50 GBP"]),
        ("JPY", ["¥1,234", "JPY 1,234"]),
        ("CHF", ["CHF 1'234.50", "CHF 1'234.50"]),
        ("PLN", ["1 234,50 zł", "1\u00a0234,50\u00a0zł", "1 234,50 PLN"]),
    ],
)
def test_spellings(currency, written):
    assert [spell(1234.5) for spell in SPELLINGS[currency]] == written


def test_round_swiss_amounts_end_in_a_dash():
    assert SPELLINGS["CHF"][1](1250) == "CHF 1'250.-"


def test_a_price_reads_back_as_what_it_is():
    for stream in range(300):
        wanted = 3 * 1.025**stream
        tag, usd = price_tag(Random(stream), wanted)
        low = tag.text.split(" - ")[0].split(" – ")[0]
        assert Price.fromstring(low).amount == Decimal(str(tag.amount)), tag
        assert wanted - 1.4 < usd <= wanted + 0.01
        assert tag.high is None or tag.high > tag.amount
        if tag.currency:
            assert usd == pytest.approx(tag.amount * USD_RATES[tag.currency], abs=0.006)


def test_all_forms_and_currencies_occur():
    tags = [price_tag(Random(stream), 90)[0] for stream in range(300)]
    assert {tag.form for tag in tags} == {PriceForm.NUMBER, PriceForm.TEXT, PriceForm.RANGE}
    assert {tag.currency for tag in tags} == {*USD_RATES, None}
