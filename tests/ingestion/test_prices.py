from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfeit_ml.ingestion.prices import ParsedPrice, parse_price
from counterfeit_ml.ingestion.reasons import Refused

SPELLINGS = [
    ("$2,793.07 - $3,770.64", "USD", "2793.07", "3770.64", "USD"),
    ("1.234,50 €", None, "1234.50", None, "EUR"),
    ("1 299,00 zł", None, "1299.00", None, "PLN"),
    ("1\u202f299,00\u00a0zł", None, "1299.00", None, "PLN"),
    ("CHF 1'250.-", None, "1250", None, "CHF"),
    ("CHF 1’250.- - CHF 1’300.-", None, "1250", "1300", "CHF"),
    ("¥7,316", "JPY", "7316", None, "JPY"),
    ("¥7,316", "CNY", "7316", None, "CNY"),
    ("¥7,316", None, "7316", None, "JPY"),
    ("US $17.03", "USD", "17.03", None, "USD"),
    ("EUR 144,09", "EUR", "144.09", None, "EUR"),
    ("EUR 1.497,07", "EUR", "1497.07", None, "EUR"),
    ("39.61 USD", "USD", "39.61", None, "USD"),
    ("$49", "CAD", "49", None, "CAD"),
    ("$49", None, "49", None, "USD"),
    ("35€99", None, "35.99", None, "EUR"),
    ("10 € – 20 €", None, "10", "20", "EUR"),
    ("10 USD - 20 USD", None, "10", "20", "USD"),
    ("10 zł-20 zł", None, "10", "20", "PLN"),
    ("20 to 10 USD", None, "10", "20", "USD"),
    ("JPY 3,817 – JPY 6,539", "JPY", "3817", "6539", "JPY"),
    ("0.999 €", None, "0.999", None, "EUR"),
    ("1,234.567 USD", None, "1234.567", None, "USD"),
    ("₹1,23,456.00", None, "123456.00", None, "INR"),
    ("1 234 567,89 Kč", None, "1234567.89", None, "CZK"),
    ("199 kr", "SEK", "199", None, "SEK"),
    ("199,-", "EUR", "199", None, "EUR"),
    ("50% off: $20", None, "20", None, "USD"),
    ("20 EUR incl. 19% VAT", None, "20", None, "EUR"),
    ("R$ 1.299,90", None, "1299.90", None, "BRL"),
    ("A$120", None, "120", None, "AUD"),
    ("HK$1,200.00", "hkd", "1200.00", None, "HKD"),
    ("$.75", None, "0.75", None, "USD"),
    ("1,299円", None, "1299", None, "JPY"),
    ("Rp 1.250.000", None, "1250000", None, "IDR"),
    ("1299.00", "€", "1299.00", None, "EUR"),
    (12.345, "USD", "12.345", None, "USD"),
    (7316, "JPY", "7316", None, "JPY"),
]


@pytest.mark.parametrize(("written", "declared", "low", "high", "currency"), SPELLINGS)
def test_reads_what_people_write(written, declared, low, high, currency):
    assert parse_price(written, declared) == ParsedPrice(
        Decimal(low), high and Decimal(high), currency
    )


@pytest.mark.parametrize(
    ("written", "declared", "reason"),
    [
        (None, "USD", "missing_price"),
        ("  ", "USD", "missing_price"),
        ("Contact seller", "EUR", "unparseable_price"),
        ("Was $50 Now $30", None, "unparseable_price"),
        ("$10 - $20 - $30", None, "unparseable_price"),
        ("1.2.3 USD", None, "unparseable_price"),
        ("$1" + "0" * 200, None, "unparseable_price"),
        ([12], "USD", "unparseable_price"),
        (True, "USD", "unparseable_price"),
        ("-$25.00", "USD", "negative_price"),
        ("$-25.00", "USD", "negative_price"),
        ("− 5 €", None, "negative_price"),
        (-25.0, "USD", "negative_price"),
        ("$0.00", "USD", "zero_price"),
        ("0,00 €", None, "zero_price"),
        ("Free", "USD", "zero_price"),
        (0, "USD", "zero_price"),
        (float("inf"), "USD", "absurd_price"),
        (float("nan"), "USD", "absurd_price"),
        ("125", None, "unknown_currency"),
        ("199 kr", None, "unknown_currency"),
        ("125", "Quatloos", "unknown_currency"),
        ("125", 840, "unknown_currency"),
        ("£18.57", "EUR", "currency_conflict"),
        ("US $17.03", "CAD", "currency_conflict"),
    ],
)
def test_refuses_with_the_reason(written, declared, reason):
    with pytest.raises(Refused) as refusal:
        parse_price(written, declared)
    assert refusal.value.reason == reason


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
price_like = st.text(alphabet="0123456789.,' -–€$£¥USDkr%", max_size=30)


@given(json_values | price_like, json_values | st.sampled_from(["USD", "$", "EUR", None]))
def test_gives_a_positive_price_or_refuses(written, declared):
    try:
        price = parse_price(written, declared)
    except Refused:
        return
    assert 0 < price.low <= (price.high or price.low)
    assert len(price.currency) == 3


@given(st.decimals("0.01", "99999999.99", places=2), st.sampled_from([",.", ".,", " ,", "'."]))
def test_reads_back_a_price_written_with_any_separators(amount, separators):
    group, point = separators
    written = f"{amount:,.2f}".translate({ord(","): group, ord("."): point})
    assert parse_price(f"{written} EUR").low == amount
