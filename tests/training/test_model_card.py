import numpy as np
import pytest

from counterfeit_ml.training.dataset import TrainingSet
from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.model_card import LONGEST_CARD, model_card


def card_of(classes: tuple[str, ...], label_sets: tuple[str, ...] = ("shop",), **recipe) -> str:
    labels = np.repeat(np.arange(len(classes)), 2)
    digests = tuple(str(number) for number in range(len(labels)))
    data = TrainingSet(classes, label_sets, digests, labels, digests)
    evaluation = Evaluation(classes, labels, np.eye(len(classes))[labels])
    return model_card(data, evaluation, 3, {"seed": 2018, **recipe})


def test_it_says_what_a_sceptic_asks():
    card = card_of(("bars", "ring", "no_logo"))
    assert "# Logo model trained on shop\n" in card
    assert "2 brands' logos" in card
    assert "6 distinct pictures of 3 classes, 2 to 2 a class" in card
    assert "| recall above 0.89 | 1.000 |\n" in card
    assert "of 2 without a logo | 0.000 (95 % interval 0.000 to 0.658) |\n" in card
    assert "3 labels look wrong" in card
    assert "seed: 2018." in card


def test_without_no_logo_there_is_no_such_line():
    assert "without a logo |" not in card_of(("bars", "ring"))


@pytest.mark.parametrize("sign", list("\\`*_{}[]<>#|~&$"))
def test_names_are_shown_as_they_are(sign):
    assert f"trained on a\\{sign}b\n" in card_of(("bars", "ring"), (f"a{sign}b",))


def test_a_name_cannot_begin_a_line_of_its_own():
    card = card_of(("bars", "ring"), ("shop\n\n# Approved",))
    assert "trained on shop \\# Approved\n" in card


def test_four_hundred_long_names_fit_into_a_description():
    classes = tuple(f"{'*' * 200}{number}" for number in range(400))
    card = card_of(classes, classes, network="<" * 300)
    assert len(card) < LONGEST_CARD
    assert "and 395 more" in card
