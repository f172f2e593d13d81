"""The head alone, and the upper blocks with it, on a few drawn pictures."""

import numpy as np
import pytest

from counterfeit_ml.pictures import decode
from counterfeit_ml.training import fine_tuning, network
from counterfeit_ml.training.head import Head
from counterfeit_ml.training.learning import Learned, learn
from counterfeit_ml.training.picture_folder import read_folder
from counterfeit_ml.training.weights import imagenet_weights
from tests.training.drawn import CLASSES, draw_labels, picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return read_folder(draw_labels(tmp_path_factory.mktemp("drawn") / "labels", each=8), ())


@pytest.fixture(scope="module")
def weights(cache_dir):
    return imagenet_weights(cache_dir)


@pytest.fixture(scope="module")
def tuned(folder, weights, cache_dir) -> Learned:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fine_tuning, "LEAST_STEPS", 8)
        return learn(folder.training_set(), folder.load, weights, cache_dir, seed=1)


def test_without_fine_tuning_every_picture_is_held_out_once(folder, weights, cache_dir):
    data = folder.training_set()
    learned = learn(data, folder.load, weights, cache_dir, seed=1, fine_tune=False)
    assert learned.judged == data.digests
    assert learned.held_out is learned.by_head
    assert np.array_equal(learned.held_out.labels, data.labels)
    assert learned.held_out.metrics()["accuracy"] > 0.8


def test_with_it_one_fold_is_and_the_head_still_judges_all(folder, tuned):
    data = folder.training_set()
    assert 0 < len(tuned.judged) < len(data.digests)
    assert len(tuned.held_out.labels) == len(tuned.judged)
    assert np.array_equal(tuned.by_head.labels, data.labels)
    known = dict(zip(data.digests, data.labels, strict=True))
    assert [known[digest] for digest in tuned.judged] == tuned.held_out.labels.tolist()


def test_the_tuned_model_knows_pictures_it_has_not_seen(tuned):
    batch = np.stack([decode(picture(label, 100 + n)) for label in CLASSES for n in range(4)])
    found = network.predict(tuned.model, batch)
    assert found.sum(axis=1) == pytest.approx(np.ones(12), abs=1e-5)
    classes = tuned.held_out.classes
    expected = np.repeat([classes.index(label) for label in CLASSES], 4)
    assert (found.argmax(axis=1) == expected).mean() > 0.8
    assert tuned.loss[-1] < tuned.loss[0]


def test_only_the_upper_blocks_move_and_a_seed_decides_how(weights, monkeypatch):
    monkeypatch.setattr(fine_tuning, "LEAST_STEPS", 4)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (6, 256, 256, 3), np.uint8)
    known = fine_tuning.Pictures(pixels, np.arange(6), np.array([0, 1, 0, 1, 0, 1]))
    start = Head(np.zeros((6400, 2), np.float32), np.zeros(2, np.float32))
    runs = []
    for _ in range(2):
        layers = network.feature_layers(weights)
        before = {variable.path: variable.numpy() for variable in layers.variables}
        head = fine_tuning.fine_tune(layers, start, known, seed=3).head
        moved = {
            variable.path.split("/")[-2]
            for variable in layers.variables
            if not np.array_equal(variable.numpy(), before[variable.path])
        }
        runs.append((moved, head.kernel))
    blocks = {f"conv_{kind}_{block}" for kind in ("dw", "pw") for block in range(6, 14)}
    assert runs[0][0] == blocks
    assert np.array_equal(runs[0][1], runs[1][1])


def test_training_stops_when_nothing_is_left_to_learn():
    least = fine_tuning.least_loss(3)
    flat = [2 * least] * 100
    assert not any(fine_tuning.is_settled(flat[:steps], 10, 3) for steps in range(101))
    learned = flat[:50] + [least + fine_tuning.EXCESS / 2] * 30
    assert not fine_tuning.is_settled(learned[:70], 10, 3)
    assert not fine_tuning.is_settled(learned[:79], 10, 3)
    assert fine_tuning.is_settled(learned, 10, 3)


def test_no_model_does_better_than_the_least_loss():
    import tensorflow as tf

    target = fine_tuning._targets(3)
    found = tf.nn.softmax_cross_entropy_with_logits(target, np.log(target)).numpy()
    assert found == pytest.approx([fine_tuning.least_loss(3)] * 3, abs=1e-6)
    worse = tf.nn.softmax_cross_entropy_with_logits(target, np.log(target) * 1.1).numpy()
    assert (worse > found).all()
