import numpy as np
import pytest

from counterfeit_ml.training.head import fit_head, fit_temperature


def clouds(each, classes=3, size=8):
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), each)
    centres = 3 * np.eye(classes, size)
    features = centres[labels] + random.normal(size=(len(labels), size))
    return features.astype(np.float32), labels


def test_a_head_learns_what_can_be_learned():
    features, labels = clouds([40, 40, 40])
    head, losses = fit_head(features, labels, 3)
    assert (head.logits(features).argmax(axis=1) == labels).mean() > 0.95
    assert losses[-1] < losses[0] / 2


def test_more_features_than_pictures_change_nothing():
    features, labels = clouds([10, 10, 10], size=40)
    wide = np.hstack([features, np.zeros_like(features)])  # 80 columns for 30 pictures
    tall = np.vstack([wide] * 3)  # 80 columns for 90 pictures, of which 30 differ
    few, _ = fit_head(wide, labels, 3)
    many, _ = fit_head(tall, np.tile(labels, 3), 3)
    assert np.allclose(few.logits(wide), many.logits(wide), atol=0.02)


def test_a_rare_class_weighs_as_much_as_a_common_one():
    features, labels = clouds([300, 300, 6], size=3)
    head, _ = fit_head(features / 3, labels, 3)
    found = head.logits(features / 3).argmax(axis=1)
    assert (found[labels == 2] == 2).mean() > 0.8


def test_it_gives_the_same_each_time():
    features, labels = clouds([20, 20, 20])
    first, second = fit_head(features, labels, 3)[0], fit_head(features, labels, 3)[0]
    assert np.array_equal(first.kernel, second.kernel)


def test_the_temperature_of_overconfident_logits_is_found():
    random = np.random.default_rng(0)
    true = random.normal(scale=2, size=(20_000, 3))
    p = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    labels = (random.random((20_000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=2)
    assert fit_temperature(true * 3, labels) == pytest.approx(3, rel=0.05)


def test_a_cooled_head_divides_its_logits():
    features, labels = clouds([20, 20, 20])
    head, _ = fit_head(features, labels, 3)
    halved = head.cooled(2).logits(features)
    assert np.allclose(halved, head.logits(features) / 2, atol=1e-4)
