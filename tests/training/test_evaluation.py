import numpy as np
import pytest

from counterfeit_ml.training.evaluation import Evaluation

# Two rings surely right, one unsure; a ring surely taken for bars; two plain, one surely a ring.
LABELS = [1, 1, 1, 1, 2, 2]
PROBABILITIES = [
    [0.02, 0.95, 0.03],
    [0.03, 0.91, 0.06],
    [0.10, 0.70, 0.20],
    [0.93, 0.02, 0.05],
    [0.01, 0.01, 0.98],
    [0.02, 0.92, 0.06],
]


@pytest.fixture
def evaluation() -> Evaluation:
    return Evaluation(("bars", "ring", "no_logo"), np.array(LABELS), np.array(PROBABILITIES))


def test_metrics(evaluation):
    metrics = evaluation.metrics()
    assert metrics["accuracy"] == pytest.approx(4 / 6)
    assert metrics["macro_f1"] == pytest.approx((0 + 0.75 + 2 / 3) / 3)
    assert metrics["recall_at_0_89"] == pytest.approx(2 / 4)
    assert metrics["precision_at_0_89"] == pytest.approx(2 / 4)
    assert metrics["no_logo_false_positive_rate_at_0_89"] == pytest.approx(1 / 2)


def test_confusion_counts_true_by_predicted(evaluation):
    assert evaluation.confusion().tolist() == [[0, 0, 0], [1, 3, 0], [0, 1, 1]]


def test_a_class_without_pictures_has_zeros(evaluation):
    table = evaluation.per_class()
    assert (table["recall"][0], table["f1"][0], table["pictures"][0]) == (0, 0, 0)


def test_calibration_error(evaluation):
    # one bin holds 0.70, all right; the other five, three right, mean confidence 0.938
    assert evaluation.calibration_error() == pytest.approx((1 * 0.30 + 5 * (0.938 - 0.6)) / 6)


def test_nothing_flagged_is_nothing_flagged_wrongly(evaluation):
    assert evaluation.flags(0.999) == {
        "threshold": 0.999,
        "flagged": 0,
        "precision": 1.0,
        "recall": 0.0,
        "no_logo_false_positive_rate": 0.0,
    }
