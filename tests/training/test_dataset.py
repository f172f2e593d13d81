import numpy as np
import pyarrow as pa
import pytest

from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.training.dataset import TrainingSet, load_training_set


def label(lake, label_set, origin="seed", **pictures):
    rows = [
        {
            "image_sha256": digest,
            "label": name,
            "split_group": digest,
            "origin": origin,
            "labelled_by": "test",
        }
        for digest, name in pictures.items()
    ]
    lake.write(LABELS, pa.Table.from_pylist(rows, LABELS.schema), label_set=label_set)


def training_set(labels, groups):
    digests = tuple(map(str, range(len(labels))))
    return TrainingSet(("bars", "ring", "no_logo"), ("x",), digests, np.array(labels), groups)


def test_several_sets_are_one_with_every_picture_once(lake, catalogue):
    label(lake, "some-a", a="ring", b="bars")
    label(lake, "some-b", b="bars", c="no_logo")
    data = load_training_set(lake, catalogue, ["some-b", "some-a"])
    assert data.digests == ("a", "b", "c")
    assert [data.classes[index] for index in data.labels] == ["ring", "bars", "no_logo"]
    assert data.counts() == {"bars": 1, "ring": 1, "no_logo": 1}


def test_a_review_overrules_a_seed_label(lake, catalogue):
    label(lake, "overruled", a="ring", b="bars", c="no_logo", d="ring")
    label(lake, "a-review", origin="review", d="no_logo")
    data = load_training_set(lake, catalogue, ["a-review", "overruled"])
    assert data.counts() == {"bars": 1, "ring": 1, "no_logo": 2}


def test_sets_that_disagree_are_refused(lake, catalogue):
    label(lake, "says-ring", a="ring", b="bars", c="no_logo")
    label(lake, "says-bars", a="bars")
    with pytest.raises(TrainingError, match=r"^Picture a is \w+ in says-\w+ and \w+ in says-\w+: "):
        load_training_set(lake, catalogue, ["says-ring", "says-bars"])


def test_a_brand_without_a_single_picture_is_named(lake, catalogue):
    label(lake, "no-ring", b="bars", c="no_logo")
    with pytest.raises(TrainingError, match=r"^ring: not a single picture in no-ring; import some"):
        load_training_set(lake, catalogue, ["no-ring"])


def test_a_set_that_does_not_exist_is_named(lake, catalogue):
    label(lake, "exists", a="ring")
    with pytest.raises(
        TrainingError, match=r"There is no label set missing: the lake has .*exists"
    ):
        load_training_set(lake, catalogue, ["missing"])


def test_folds_hold_every_picture_out_once_and_cut_no_group():
    labels = [0] * 10 + [1] * 5 + [2] * 20
    groups = tuple(str(index // 2 if index < 10 else index) for index in range(35))
    folds = list(training_set(labels, groups).folds(seed=1))
    assert len(folds) == 5
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(35))
    for train, held in folds:
        assert not {groups[i] for i in train} & {groups[i] for i in held}
        assert sum(labels[i] == 1 for i in held) == 1


def test_the_seed_decides_the_folds():
    data = training_set([0, 1, 2] * 8, tuple(map(str, range(24))))
    first, again, other = ([held.tolist() for _, held in data.folds(s)] for s in (1, 1, 2))
    assert first == again != other


def test_only_copies_cannot_be_split():
    with pytest.raises(TrainingError, match="so nothing can be held out: add pictures"):
        list(training_set([0, 0, 1, 2], ("a", "a", "b", "c")).folds(seed=1))
