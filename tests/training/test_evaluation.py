import numpy as np
import pytest

from counterfeit_ml.training.evaluation import FLAG_CONFIDENCE, Evaluation, likely_range

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


def test_the_fine_grid_holds_the_confidence_of_the_rule(evaluation):
    table = evaluation.threshold_table()
    at = table["threshold"].index(FLAG_CONFIDENCE)
    assert len(table["threshold"]) == 100
    assert (table["precision"][at], table["recall"][at]) == (0.5, 0.5)
    assert table["recall"] == sorted(table["recall"], reverse=True)


def test_without_no_logo_every_class_is_a_brand():
    evaluation = Evaluation(
        ("bars", "ring"), np.array([0, 1]), np.array([[0.9, 0.1], [0.95, 0.05]])
    )
    assert evaluation.metrics() == pytest.approx(
        {
            "accuracy": 0.5,
            "macro_f1": (2 / 3 + 0) / 2,
            "ece": abs(0.925 - 0.5),
            "recall_at_0_89": 0.5,
            "precision_at_0_89": 0.5,
        }
    )
    assert "no_logo_false_positive_rate" not in evaluation.threshold_table()


def test_a_false_positive_rate_needs_pictures_without_a_logo(evaluation):
    branded = Evaluation(evaluation.classes, evaluation.labels[:4], evaluation.probabilities[:4])
    assert "no_logo_false_positive_rate_at_0_89" not in branded.metrics()


def test_macro_f1_leaves_out_a_class_that_no_picture_touches():
    classes = ("bars", "ring", "star", "no_logo")
    evaluation = Evaluation(classes, np.array([0, 1]), np.eye(4)[[0, 1]])
    assert evaluation.macro_f1() == 1


def test_areas_under_the_curves(evaluation):
    table = evaluation.per_class()
    # of 8 pairs of a ring and another: 5 in order; of 8 with no_logo: 6 in order, one a tie
    assert table["roc_auc"] == [None, pytest.approx(5 / 8), pytest.approx(6.5 / 8)]
    assert table["pr_auc"][0] is None
    assert table["pr_auc"][1] == pytest.approx((1 / 1 + 2 / 3 + 3 / 4 + 4 / 5) / 4)
    curve = evaluation.roc_curves["ring"]
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)


def test_the_surest_mistake_comes_first(evaluation):
    assert evaluation.mistakes().tolist() == [3, 5]
    assert evaluation.confused() == {
        "true": ["ring", "no_logo"],
        "predicted": ["bars", "ring"],
        "pictures": [1, 1],
    }


def test_no_false_positive_among_66_pictures_may_still_be_one_in_twenty():
    low, high = likely_range(0, 66)
    assert low == 0
    assert high == pytest.approx(0.055, abs=0.0005)
