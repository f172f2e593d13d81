from decimal import Decimal

import pytest
from babel import localedata
from babel.numbers import format_currency, get_currency_precision
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
    ("Rs.500", "INR", "500", None, "INR"),
    ("CAD $100", None, "100", None, "CAD"),
    ("CNY ¥100", None, "100", None, "CNY"),
    ("1'234.500 CHF", None, "1234.500", None, "CHF"),
    ("from 10 to 20", "EUR", "10", "20", "EUR"),
    ("$10.00 - $20.00", None, "10", "20", "USD"),
    ("$20 - 50% off", None, "20", None, "USD"),
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


BY_LOCALE = [
    ("1.234 €", "de_DE", "1234", None, "EUR"),
    ("1.234 €", "en_IE", "1.234", None, "EUR"),
    ("1,234 €", "de_DE", "1.234", None, "EUR"),
    ("1,234 €", "en_IE", "1234", None, "EUR"),
    ("1.234 €", "fr", "1234", None, "EUR"),
    ("1.234 CHF", "fr_CH", "1.234", None, "CHF"),
    ("1,23 €", "en_IE", "1.23", None, "EUR"),
    ("1.23 €", "de_DE", "1.23", None, "EUR"),
    ("1.234.567 €", "en_IE", "1234567", None, "EUR"),
    ("1.234 €", None, "1234", None, "EUR"),
    ("1,234 €", None, "1234", None, "EUR"),
    ("$49", "en_AU", "49", None, "AUD"),
    ("17,03 $CA", "fr_FR", "17.03", None, "CAD"),
    ("¥299", "zh_CN", "299", None, "CNY"),
    ("￥1,299", "ja_JP", "1299", None, "JPY"),
    ("199 kr", "sv_SE", "199", None, "SEK"),
    ("199 kr.", "da_DK", "199", None, "DKK"),
    ("R 1 234,50", "en_ZA", "1234.50", None, "ZAR"),
    ("\u200f١٬٢٣٤٫٥٠ €", "ar_EG", "1234.50", None, "EUR"),
    ("₹१,२३,४५६.७८", "mr_IN", "123456.78", None, "INR"),
    ("10,00–20,00 €", "de_DE", "10", "20", "EUR"),
    ("10 € bis 20 €", "de_DE", "10", "20", "EUR"),
    ("10 a 20 €", "es_ES", "10", "20", "EUR"),
    ("da 10 € a 20 €", "it_IT", "10", "20", "EUR"),
    ("10 kr. – 20 kr.", "da_DK", "10", "20", "DKK"),
    ("10 лв. – 20 лв.", "bg_BG", "10", "20", "BGN"),
    ("1,000円～2,000円", "ja_JP", "1000", "2000", "JPY"),
]


@pytest.mark.parametrize(("written", "locale", "low", "high", "currency"), BY_LOCALE)
def test_the_locale_decides_what_is_ambiguous(written, locale, low, high, currency):
    assert parse_price(written, None, locale) == ParsedPrice(
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
        ("4 x 25 €", None, "unparseable_price"),
        ("3 x 10-20 €", None, "unparseable_price"),
        ("5-pack 20 €", None, "unparseable_price"),
        ("10-20% off 80 €", None, "unparseable_price"),
        ("$1.5k", None, "unparseable_price"),
        ("1,2 Mio €", None, "unparseable_price"),
        ("1万円", None, "unparseable_price"),
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
price_like = st.text(alphabet="0123456789.,'٫٬ -–~€$£¥USDkr%bisto１٣", max_size=100)
LOCALES = sorted(set(localedata.locale_identifiers()) - {"tok", "tok_001"})
"""Every one that Babel knows, but for Toki Pona, which groups digits in twos with blanks."""
CURRENCIES = (
    "AUD BGN BRL CAD CHF CNY CZK DKK EUR GBP HKD HRK HUF IDR ILS INR ISK JPY KRW MXN MYR NOK NZD "
    "PHP PLN RON RUB SEK SGD THB TRY USD ZAR"
).split()
"""What the European Central Bank quotes or quoted in the last years."""
locales = st.sampled_from(LOCALES)


@given(
    json_values | price_like,
    json_values | st.sampled_from(["USD", "$", "EUR", None]),
    locales | st.none(),
)
def test_gives_a_positive_price_or_refuses(written, declared, locale):
    try:
        price = parse_price(written, declared, locale)
    except Refused:
        return
    assert 0 < price.low <= (price.high or price.low)
    assert len(price.currency) == 3


@pytest.mark.parametrize(
    "pattern",
    [
        *("1", ".", "-", "(", "1.", "1'", "1 234", "1 - ", "€1", "$ ", "US ", "kr", "٫1", "１"),
        *("1 111%", "A A $", "1,1%", ".1", "- 1"),
    ],
)
def test_repetition_costs_no_time(pattern):
    with pytest.raises(Refused):
        parse_price((pattern * 100)[:100] + "%")
    with pytest.raises(Refused):
        parse_price((pattern * 100)[:99] + "%", None, "de_DE")


@given(st.decimals("0.01", "99999999.99", places=2), st.sampled_from([",.", ".,", " ,", "'."]))
def test_reads_back_a_price_written_with_any_separators(amount, separators):
    group, point = separators
    written = f"{amount:,.2f}".translate({ord(","): group, ord("."): point})
    assert parse_price(f"{written} EUR").low == amount


@st.composite
def spellings(draw: st.DrawFn) -> tuple[list[Decimal], str, str, list[str]]:
    """Two amounts, the currency, the locale, and the amounts as that locale writes them."""
    currency, locale = draw(st.sampled_from(CURRENCIES)), draw(locales)
    amounts = draw(
        st.lists(
            st.decimals("1", "99999999", places=get_currency_precision(currency)),
            min_size=2,
            max_size=2,
            unique=True,
        )
    )
    digits = draw(st.sampled_from(["latn", "default"]))
    written = [
        format_currency(one, currency, locale=locale, numbering_system=digits) for one in amounts
    ]
    return sorted(amounts), currency, locale, written


@given(spellings(), st.sampled_from([" - ", "–", " – ", " to ", " bis "]), st.booleans())
def test_reads_back_what_any_locale_writes(spelling, dash, declared):
    (low, high), currency, locale, written = spelling
    given_currency = currency if declared else None
    singles = {parse_price(one, given_currency, locale) for one in written}
    assert singles == {ParsedPrice(one, None, currency) for one in (low, high)}
    both = parse_price(dash.join(written), given_currency, locale)
    assert both == ParsedPrice(low, high, currency)
