"""What counts as not worse, on pictures counted by hand."""

import numpy as np
import pytest

from counterfeit_ml.training.comparison import (
    MARGINS,
    beats_chance,
    compare,
    figures,
)
from counterfeit_ml.training.evaluation import Evaluation
from tests.training.drawn import CLASSES


def judged(labels, predicted, confidence=0.95):
    """An evaluation of pictures with these true and predicted classes, as sure as that."""
    probabilities = np.full((len(labels), 3), (1 - confidence) / 2)
    probabilities[np.arange(len(labels)), predicted] = confidence
    return Evaluation(CLASSES, np.array(labels), probabilities)


def apart(labels):
    """Each picture a group of its own."""
    return [str(number) for number in range(len(labels))]


def test_the_figures():
    found = figures(judged([0, 0, 1, 2], [0, 1, 1, 1], confidence=1.0))
    assert found == {
        "macro_f1": pytest.approx((2 / 3 + 1 / 2 + 0) / 3),
        "no_logo_fpr": 1.0,
        "ece": 0.5,
    }


def test_a_class_without_pictures_does_not_count():
    assert figures(judged([0, 0, 1], [0, 0, 1]))["macro_f1"] == 1.0


@pytest.mark.parametrize(("error", "allowed"), [(0.0, 0.01), (0.012, 0.01974), (1, 0.03)])
def test_noise_is_allowed_between_a_small_and_a_large_margin(error, allowed):
    assert MARGINS["ece"].allowed(error) == pytest.approx(allowed)


def test_a_model_is_not_worse_than_itself():
    same = judged([0, 1, 2] * 20, [0, 1, 2] * 20)
    assert compare(same, same, apart(same.labels)).worse == ()


def test_two_pictures_of_many_are_noise_and_twenty_are_not():
    labels = np.repeat([0, 1, 2], 200)
    champion = judged(labels, labels)
    for wrong, worse in ((2, ()), (20, ("macro_f1", "no_logo_fpr"))):
        predicted = labels.copy()
        predicted[400 : 400 + wrong] = 0
        assert compare(judged(labels, predicted), champion, apart(labels)).worse == worse


def test_a_few_pictures_never_excuse_much():
    labels = np.repeat([0, 1, 2], 4)
    predicted = labels.copy()
    predicted[8] = 0
    found = compare(judged(labels, predicted), judged(labels, labels), apart(labels))
    assert "no_logo_fpr" in found.worse
    assert (
        "no-logo false positives at 0.89 0.250, worse than 0.000 by more than 0.020"
        in found.sentences
    )


def test_near_duplicates_say_one_thing():
    labels = np.repeat([0, 1, 2], 100)
    predicted = labels.copy()
    predicted[:2] = 1
    predicted[2:4] = 1
    challenger, champion = judged(labels, predicted), judged(labels, labels)
    copies = ["copies" if number < 4 else str(number) for number in range(300)]
    alone = compare(challenger, champion, apart(labels)).sentences[0]
    together = compare(challenger, champion, copies).sentences[0]
    assert float(together.split()[-1]) > float(alone.split()[-1])


def test_the_same_pictures_give_the_same_decision():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 90)
    one, other = (judged(labels, random.integers(0, 3, 90)) for _ in range(2))
    assert compare(one, other, apart(labels)) == compare(one, other, apart(labels))


@pytest.mark.parametrize(
    ("predicted", "better"), [([0, 0, 0, 0], False), ([0, 0, 1, 0], True), ([1, 2, 0, 0], False)]
)
def test_chance(predicted, better):
    assert beats_chance(judged([0, 0, 1, 2], predicted)) is better


def test_without_pictures_of_no_logo_their_false_positives_are_not_compared():
    labels = np.repeat([0, 1], 20)
    champion, challenger = judged(labels, labels), judged(labels, labels, confidence=0.6)
    found = compare(challenger, champion, apart(labels))
    assert set(found.challenger) == set(found.champion) == {"macro_f1", "ece"}
    assert found.worse == ("ece",)


def test_one_picture_of_no_logo_is_compared_though_not_every_draw_has_it():
    labels = np.array([0, 1, 2])
    same = judged(labels, labels)
    assert compare(same, same, apart(labels)).worse == ()
    assert compare(judged(labels, [0, 1, 1]), same, apart(labels)).worse == (
        *("macro_f1", "no_logo_fpr", "ece"),
    )
