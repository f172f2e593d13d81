import io

import numpy as np
import pytest
from PIL import Image

from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.figures import MOST_ROWS, OTHERS, figures


def made_up(classes: tuple[str, ...], pictures: int) -> Evaluation:
    random = np.random.default_rng(2018)
    labels = np.arange(pictures) % len(classes)
    scores = random.random((pictures, len(classes)))
    scores[np.arange(pictures), labels] += random.random(pictures)
    return Evaluation(classes, labels, scores / scores.sum(axis=1, keepdims=True))


def rows_of(figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


@pytest.mark.parametrize(
    "classes",
    [
        ("bars", "no_logo"),
        ("bars", "ring"),
        tuple(f"Maison n°{number} & Söhne $x_{{{number}$" for number in range(60)),
    ],
)
def test_every_figure_is_drawn_whatever_the_classes(classes):
    drawn = figures(made_up(classes, 3 * len(classes)))
    assert set(drawn) == {
        *("confusion", "per_class", "precision_recall", "reliability", "roc", "thresholds")
    }
    for figure in drawn.values():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        assert np.asarray(Image.open(buffer).convert("L")).std() > 5


def test_few_classes_are_all_shown():
    drawn = figures(made_up(("bars", "ring", "no_logo"), 30))
    assert rows_of(drawn["confusion"]) == ["bars", "ring", "no_logo"]
    assert sorted(rows_of(drawn["per_class"])) == ["bars (10)", "no_logo (10)", "ring (10)"]


def test_of_many_classes_those_with_mistakes_are_shown():
    classes = tuple(f"brand_{number}" for number in range(400))
    labels = np.arange(400)
    predicted = labels.copy()
    predicted[7], predicted[390] = 390, 7
    evaluation = Evaluation(classes, labels, np.eye(400)[predicted])
    drawn = figures(evaluation)
    shown = rows_of(drawn["confusion"])
    assert len(shown) == MOST_ROWS
    assert {"brand_7", "brand_390"} < set(shown)
    assert shown[-1] == OTHERS
    assert {"brand_7 (1)", "brand_390 (1)"} == set(rows_of(drawn["per_class"])[:2])
    assert "45 of 400" in drawn["per_class"].axes[0].get_title()
    legend = [text.get_text() for text in drawn["roc"].axes[1].get_legend().get_texts()]
    assert len(legend) == 8
    assert any("mean of all 400 classes" in text for text in legend)
