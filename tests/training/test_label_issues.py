import numpy as np

from counterfeit_ml.training.evaluation import Evaluation
from counterfeit_ml.training.label_issues import find_label_issues

CLASSES = ("bars", "ring", "no_logo")


def sure_of(truth: np.ndarray, how: float = 0.9) -> np.ndarray:
    rest = (1 - how) / (len(CLASSES) - 1)
    return np.where(np.eye(len(CLASSES))[truth] == 1, how, rest)


def test_labels_that_were_swapped_are_found_the_surest_first():
    truth = np.repeat([0, 1, 2], 20)
    labels = truth.copy()
    labels[5], labels[25] = 1, 2
    probabilities = sure_of(truth)
    probabilities[25] = [0.01, 0.98, 0.01]
    assert find_label_issues(Evaluation(CLASSES, labels, probabilities)).tolist() == [25, 5]


def test_sound_labels_are_left_alone():
    truth = np.repeat([0, 1, 2], 20)
    assert not len(find_label_issues(Evaluation(CLASSES, truth, sure_of(truth))))


def test_a_model_that_does_not_know_accuses_nobody():
    truth = np.repeat([0, 1, 2], 20)
    guesses = sure_of(np.roll(truth, 7), how=0.4)
    assert not len(find_label_issues(Evaluation(CLASSES, truth, guesses)))


def test_one_class_alone_has_nothing_to_be_mistaken_for():
    labels = np.zeros(5, np.int64)
    assert not len(find_label_issues(Evaluation(CLASSES, labels, sure_of(labels))))


def test_a_class_without_pictures_does_no_harm():
    labels = np.repeat([0, 2], 10)
    probabilities = sure_of(labels)
    probabilities[3] = [0.01, 0.01, 0.98]
    assert find_label_issues(Evaluation(CLASSES, labels, probabilities)).tolist() == [3]
