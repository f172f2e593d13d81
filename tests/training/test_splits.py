from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from counterfeit_ml.training.splits import decide_splits


def singles(label: str, number: int) -> tuple[list[str], list[str]]:
    return [label] * number, [f"{label}{index}" for index in range(number)]


def counts(number: int) -> Counter[str]:
    return Counter(decide_splits(*singles("ring", number), {}).values())


def test_about_one_group_in_five_measures_and_none_of_the_smallest_classes():
    measuring = [counts(number)["evaluation"] for number in (1, 2, 3, 5, 8, 10, 100)]
    assert measuring == [0, 0, 1, 1, 2, 2, 20]


def test_each_class_has_its_share():
    few, many = singles("ring", 5), singles("no_logo", 50)
    splits = decide_splits(few[0] + many[0], few[1] + many[1], {})
    assert sum(splits[group] == "evaluation" for group in few[1]) == 1
    assert sum(splits[group] == "evaluation" for group in many[1]) == 10


def test_a_group_is_drawn_whole_and_the_largest_trains():
    labels, groups = ["ring"] * 10, ["seller"] * 6 + ["a", "b", "c", "d"]
    for other in range(20):
        splits = decide_splits(labels, [f"{group}{other}" for group in groups], {})
        assert splits[f"seller{other}"] == "train"
        assert Counter(splits.values())["evaluation"] == 1


def test_a_group_of_several_classes_counts_once():
    labels = ["ring", "ring", "bars", *["bars"] * 4]
    groups = ["both", "both", "both", "a", "b", "c", "d"]
    assert Counter(decide_splits(labels, groups, {}).values())["evaluation"] == 1


@given(st.integers(0, 40), st.integers(0, 40))
def test_more_pictures_never_change_what_was_decided(before, more):
    first = decide_splits(*singles("ring", before), {})
    again = decide_splits(*singles("ring", before + more), first)
    assert first.items() <= again.items()
    assert Counter(again.values())["evaluation"] == counts(before + more)["evaluation"]
