from pathlib import Path

import pytest

from counterfeit_ml.errors import ConfigError
from counterfeit_ml.flagging.rules import load_rules, rules_version
from counterfeit_ml.settings import ROOT

RULE = "- {id: one, verdict: counterfeit, logo_confidence_above: 0.89, price_ratio_below: 1.0}"


def folder_with(folder: Path, text: str) -> Path:
    (folder / "rules.yaml").write_text(text, "utf-8")
    (folder / "brands.yaml").write_text("brands: {}", "utf-8")
    return folder


def test_the_first_shipped_rule_is_the_origins_threshold_and_the_floor():
    rule = load_rules(ROOT / "config").rules[0]
    assert rule.verdict == "counterfeit"
    assert rule.logo_confidence_above == 0.89
    assert rule.price_ratio_below == 1.0


def test_the_abstain_band_below_it_is_for_review():
    certain, unsure = load_rules(ROOT / "config").rules
    assert unsure.verdict == "review"
    assert unsure.logo_confidence_above < certain.logo_confidence_above
    assert unsure.price_ratio_below == certain.price_ratio_below


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules: []", "rules: Tuple should have at least 1 item"),
        (f"rules:\n  {RULE}\n  {RULE}", "two rules share the id one"),
        (f"rules:\n  {RULE.replace('0.89', '1.0')}", "rules.0.logo_confidence_above"),
        (f"rules:\n  {RULE.replace('1.0', '0')}", "rules.0.price_ratio_below"),
        (f"rules:\n  {RULE.replace('counterfeit', 'guilty')}", "rules.0.verdict"),
        (f"rules:\n  {RULE.replace('id: one', 'id: One!')}", "rules.0.id"),
        (f"rules:\n  {RULE.replace('}', ', brand: nike}')}", "rules.0.brand: Extra inputs"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path, text, words):
    with pytest.raises(ConfigError, match=r"rules\.yaml") as caught:
        load_rules(folder_with(tmp_path, text))
    assert words in str(caught.value)


def test_the_version_follows_rules_and_floors(tmp_path):
    folder = folder_with(tmp_path, f"rules:\n  {RULE}")
    first = rules_version(folder)
    assert rules_version(folder) == first
    assert len(first) == 12
    (folder / "brands.yaml").write_text("brands: {a: 1}", "utf-8")
    assert rules_version(folder) != first
