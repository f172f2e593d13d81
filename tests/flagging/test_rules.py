import re

import pytest

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.flagging.rules import load_rules, rules_version
from counterfeit_ml.settings import ROOT
from tests.intrusions import YAML_BOMB

WHEN = "{price_ratio: {below: 1.0}}"
RULE = f"- {{id: one, verdict: counterfeit, when: {WHEN}}}"


def when(conditions: str) -> str:
    return f"rules:\n  - id: one\n    verdict: review\n    when:\n      {conditions}"


def test_the_shipped_rules_are_the_origins_the_abstain_band_and_what_cannot_be_compared():
    rules = load_rules(ROOT / "config" / "rules.yaml", load_brands(ROOT / "config")).rules
    assert [(rule.id, rule.verdict) for rule in rules] == [
        ("logo_and_price_below_floor", "counterfeit"),
        ("unsure_logo_and_price_below_floor", "review"),
        ("not_comparable", "review"),
    ]
    told = [rule.when.model_dump(exclude_none=True) for rule in rules]
    assert told == [
        {"logo_confidence": {"above": 0.89}, "price_ratio": {"below": 1.0}},
        {"logo_confidence": {"above": 0.5}, "price_ratio": {"below": 1.0}},
        {"logo_confidence": {"above": 0.89}, "price_ratio": {"known": False}},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: []", ":1: rules: Tuple should have at least 1 item"),
        (f"rules:\n  {RULE}\n  {RULE}", ":3: rules.1.id: two rules share the id one."),
        (f"rules:\n  {RULE.replace('counterfeit', 'guilty')}", ":2: rules.0.verdict: Input should"),
        (f"rules:\n  {RULE.replace('one', 'One!')}", ":2: rules.0.id: String should match"),
        (f"rules:\n  {RULE.replace(WHEN, '{}')}", ":2: rules.0.when: a rule without a condition"),
        (f"rule:\n  {RULE}", " 1: rule: there is no such key here, but allowed_sellers, seller_l"),
        (
            when("price_ratoi: {below: 1}"),
            ":5: rules.0.when.price_ratoi: there is no such key here, but logo_confidence, price_u",
        ),
        (
            when("price_ratio:\n        under: 1"),
            ":6: rules.0.when.price_ratio.under: there is no such key here, but above, at_least, b",
        ),
        (when('price_ratio: {below: "1.0"}'), ":5: rules.0.when.price_ratio.below: Input should"),
        (when("price_ratio: {below: .inf}"), ":5: rules.0.when.price_ratio.below: Input should be"),
        (when("price_ratio: {below: true}"), ":5: rules.0.when.price_ratio.below: Input should be"),
        (when("price_ratio: {}"), ":5: rules.0.when.price_ratio: give one of above, at_least, bel"),
        (when("price_ratio: {above: 1, below: 1}"), "no value fits: it is 0 or more"),
        (when("price_usd: {below: 0}"), "no value fits: it is 0 or more"),
        (when("logo_confidence: {above: 1}"), "no value fits: it is 0 to 1"),
        (when("price_usd: {above: 1, at_least: 2}"), "give above or at_least, not both"),
        (when("price_usd: {known: false, below: 1}"), "what is not known cannot be below anything"),
        (when("other_sellers: {above: 2, below: 3}"), "no value fits: it is 0 or more"),
        (when("other_sellers: {at_least: 2.5}"), "other_sellers.at_least: Input should be a valid"),
        (when("other_sellers: {known: false}"), "other_sellers.known: Input should be None"),
        (when("brand: gucci"), ":5: rules.0.when.brand: Input should be a valid dictionary"),
        (when("brand: {in: []}"), "brand.in: Tuple should have at least 1 item"),
        (when("brand: {is: gucci, in: [nike]}"), "give one of is, in, not_in and known"),
        (
            when("brand: {is: guci}"),
            ":5: rules.0.when.brand: there is no brand 'guci', but ch",
        ),
        (when("category: {is: hat}"), "there is no category 'hat', but sunglasses, shoes"),
        (when("condition: {is: mint}"), "there is no condition 'mint', but new, used."),
        (when("title: {has_any: [1:1]}"), "title.has_any.0: Input should be a valid string"),
        (when("title: {has_any: [' ']}"), "title.has_any.0: String should match pattern"),
        (when("title: {has_any: [A], has_none: [a]}"), "each word of has_any is in has_none"),
        (when("obfuscated_brand: 1"), "obfuscated_brand: Input should be a valid boolean"),
        (when("seller: {listed_in: bad}"), "seller_lists has no sellers in 'bad', but in none."),
        (
            "allowed_sellers: [s1]\n" + when("relisted: true"),
            ":1: allowed_sellers.0: String",
        ),
    ],
)
def test_a_wrong_rule_is_named_with_its_line(tmp_path, text, words):
    path = tmp_path / "rules.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=re.escape(str(path))) as caught:
        load_rules(path, load_brands(ROOT / "config"))
    assert words in str(caught.value)


@YAML_BOMB
def test_a_rules_file_with_a_million_rows_is_refused_at_once(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n" + f"  {RULE}\n" * 1_000_000, "utf-8")
    with pytest.raises(ConfigError, match=r"has [\d,]+ bytes, and 2,097,152 are the most"):
        load_rules(path, load_brands(ROOT / "config"))


def test_many_rules_are_refused_with_how_many_there_may_be(tmp_path):
    path = tmp_path / "rules.yaml"
    rules = (f"  {RULE.replace('one', f'r{number}')}\n" for number in range(2000))
    path.write_text("rules:\n" + "".join(rules), "utf-8")
    with pytest.raises(ConfigError, match="at most 200 items"):
        load_rules(path, load_brands(ROOT / "config"))


def test_the_version_follows_rules_and_floors(tmp_path):
    for name in ("rules.yaml", "brands.yaml"):
        (tmp_path / name).write_text("a", "utf-8")
    first = rules_version(tmp_path / "rules.yaml", tmp_path)
    assert rules_version(tmp_path / "rules.yaml", tmp_path) == first
    assert len(first) == 12
    (tmp_path / "brands.yaml").write_text("b", "utf-8")
    assert rules_version(tmp_path / "rules.yaml", tmp_path) != first
