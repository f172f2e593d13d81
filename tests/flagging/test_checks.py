"""Rules that can never decide, and what the check must not take for one."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfeit_ml.errors import ConfigError
from counterfeit_ml.flagging.columns import Column
from counterfeit_ml.flagging.conditions import Count, Name, Query, Share
from counterfeit_ml.flagging.query import Parameters

LISTS = """allowed_sellers: [shop/a, shop/b]
seller_lists: {bad: [shop/x], worse: [shop/x, shop/y], ours: [shop/a]}
"""


def book(*conditions: str) -> str:
    rules = (
        f"  - {{id: r{number}, verdict: review, when: {{{one}}}}}\n"
        for number, one in enumerate(conditions)
    )
    return f"{LISTS}rules:\n{''.join(rules)}"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("price_ratio: {below: 1}", "price_ratio: {below: 0.5}"),
        ("price_ratio: {below: 1}", "price_ratio: {below: 1}, brand: {is: gucci}"),
        ("price_ratio: {known: true}", "price_ratio: {at_most: 3}"),
        ("price_ratio: {at_most: 1}", "price_ratio: {below: 1}"),
        ("logo_confidence: {at_least: 0}", "logo_confidence: {known: true}"),
        ("other_sellers: {above: 2}", "other_sellers: {at_least: 3}"),
        ("other_sellers: {at_least: 0}", "relisted: true"),
        ("brand: {in: [gucci, nike]}", "brand: {is: nike}"),
        ("brand: {not_in: [gucci]}", "brand: {is: nike}"),
        ("brand: {not_in: [gucci]}", "brand: {not_in: [gucci, nike]}"),
        ("brand: {known: true}", "brand: {not_in: [gucci]}"),
        ("title: {has_any: [Replica, copy]}", "title: {has_any: [replica]}"),
        ("title: {has_none: [box]}", "title: {has_none: [box, dust bag]}"),
        ("seller: {listed_in: worse}", "seller: {listed_in: bad}"),
    ],
)
def test_a_rule_behind_one_that_takes_all_is_an_error(judge, first, second):
    with pytest.raises(ConfigError) as caught:
        judge.rules(book(first, second))
    assert f"{judge.folder}/rules.yaml:5: rules.1: the rule r1 can never match" in str(caught.value)
    assert "the rule r0 before it takes all that it would" in str(caught.value)


def test_so_is_one_whose_sellers_are_all_allowed(judge):
    with pytest.raises(ConfigError, match="every seller in ours is allowed"):
        judge.rules(book("seller: {listed_in: ours}"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("price_ratio: {below: 1}", "price_ratio: {at_most: 1}"),
        ("price_ratio: {known: true}", "price_ratio: {known: false}"),
        ("price_ratio: {at_least: 0}", "brand: {is: gucci}"),
        ("price_ratio: {below: 1}, brand: {is: gucci}", "price_ratio: {below: 0.5}"),
        ("other_sellers: {above: 2}", "other_sellers: {at_least: 2}"),
        ("brand: {is: gucci}", "brand: {not_in: [nike]}"),
        ("brand: {not_in: [gucci]}", "brand: {known: false}"),
        ("title: {has_any: [replica]}", "title: {has_any: [replica, copy]}"),
        ("title: {has_any: [replica], has_none: [box]}", "title: {has_any: [replica]}"),
        ("seller: {listed_in: bad}", "seller: {listed_in: worse}"),
        ("relisted: true", "relisted: false"),
    ],
)
def test_one_that_may_still_decide_is_none(judge, first, second):
    assert len(judge.rules(book(first, second)).book.rules) == 2


bounds = st.none() | st.integers(0, 4)
quarters = bounds.map(lambda one: one and one / 4)
shares = st.builds(dict, above=quarters, at_most=bounds, known=st.just(True))
counts = st.builds(dict, at_least=bounds, below=bounds)
letters = st.lists(st.sampled_from("abc"), min_size=1, max_size=3)
names = st.one_of(
    letters.map(lambda some: {"in": some}),
    letters.map(lambda some: {"not_in": some}),
    st.booleans().map(lambda known: {"known": known}),
)
SHARES = [None, *(number / 8 for number in range(9))]
COUNTS = list(range(7))
NAMES = [None, *"abcd"]


def condition_of(kind, arguments):
    """None where it is refused."""
    try:
        return kind.model_validate({key: one for key, one in arguments.items() if one is not None})
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("kind", "arguments", "values"),
    [(Share, shares, SHARES), (Count, counts, COUNTS), (Name, names, NAMES)],
)
def test_a_condition_is_within_another_where_its_sql_lets_no_more_through(kind, arguments, values):
    connection = duckdb.connect()

    def passing(condition):
        query = Query(None)
        query.values["every"] = values
        where = condition.sql(Column("value", "''"), query)
        sql = f"SELECT value FROM (SELECT unnest($every) AS value) WHERE {where}"  # noqa: S608
        return {value for (value,) in connection.execute(sql, query.values).fetchall()}

    @given(arguments, arguments)
    @settings(deadline=None)
    def check(one, other):
        first, second = condition_of(kind, one), condition_of(kind, other)
        if first is not None and second is not None:
            within = first.selection({}).within(second.selection({}))
            assert within == (passing(first) <= passing(second))

    with connection:
        check()


def test_no_value_stands_in_the_text_of_a_statement():
    query = Parameters()
    hostile = "x'; DROP TABLE scored; --"
    assert query.add(hostile) == "$p0"
    assert query.values == {"p0": hostile}
