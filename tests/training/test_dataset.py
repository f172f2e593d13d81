import numpy as np
import pyarrow as pa
import pytest

from counterfeit_ml.datasets import LABELS
from counterfeit_ml.errors import TrainingError
from counterfeit_ml.label_sets import ALL_BRANDS, OWN_CLASSES, choose_sets
from counterfeit_ml.training.dataset import TrainingSet, load_training_set


@pytest.fixture
def label(lake, label_row):
    """Writes a label set of pictures by their digests."""

    def write(label_set, origin="seed", splits=None, own_classes=False, **pictures):
        rows = [
            label_row(digest, name, origin=origin, split=(splits or {}).get(digest, "train"))
            for digest, name in pictures.items()
        ]
        table = pa.Table.from_pylist(rows, LABELS.schema)
        lake.write(LABELS, table, {OWN_CLASSES: own_classes}, label_set=label_set)

    return write


def training_set(labels, groups):
    digests = tuple(map(str, range(len(labels))))
    return TrainingSet(("bars", "ring", "no_logo"), ("x",), digests, np.array(labels), groups)


def test_several_sets_are_one_with_every_picture_once(lake, catalogue, label):
    label("some-a", a="ring", b="bars")
    label("some-b", b="bars", c="no_logo")
    data = load_training_set(lake, catalogue, ["some-b", "some-a"])
    assert data.digests == ("a", "b", "c")
    assert [data.classes[index] for index in data.labels] == ["ring", "bars", "no_logo"]
    assert data.counts() == {"bars": 1, "ring": 1, "no_logo": 1}


def test_a_review_overrules_a_seed_label(lake, catalogue, label):
    label("overruled", a="ring", b="bars", c="no_logo", d="ring")
    label("a-review", origin="review", d="no_logo")
    data = load_training_set(lake, catalogue, ["a-review", "overruled"])
    assert data.counts() == {"bars": 1, "ring": 1, "no_logo": 2}


def test_sets_that_disagree_are_refused(lake, catalogue, label):
    label("says-ring", a="ring", b="bars", c="no_logo")
    label("says-bars", a="bars")
    with pytest.raises(TrainingError, match=r"^Picture a is \w+ in says-\w+ and \w+ in says-\w+: "):
        load_training_set(lake, catalogue, ["says-ring", "says-bars"])


def test_a_brand_without_a_single_picture_is_named(lake, catalogue, label):
    label("no-ring", b="bars", c="no_logo")
    with pytest.raises(TrainingError, match=r"^ring: not a single picture in no-ring; import some"):
        load_training_set(lake, catalogue, ["no-ring"])


def test_a_set_that_does_not_exist_is_named(lake, catalogue, label):
    label("exists", a="ring")
    with pytest.raises(
        TrainingError, match=r"There is no label set missing: the lake has .*exists"
    ):
        load_training_set(lake, catalogue, ["missing"])


def test_classes_may_be_listed_or_all_that_are_labelled(lake, catalogue, label):
    label("four", a="ring", b="bars", c="no_logo", d="wheel")
    assert load_training_set(lake, catalogue, ["four"], ["wheel", "bars"]).counts() == {
        "bars": 1,
        "wheel": 1,
        "no_logo": 1,
    }
    whole = load_training_set(lake, catalogue, ["four"], ALL_BRANDS)
    assert whole.classes == ("bars", "ring", "wheel", "no_logo")
    label("without-no-logo", a="ring", b="bars")
    assert load_training_set(lake, catalogue, ["without-no-logo"], ["ring", "bars"]).classes == (
        "bars",
        "ring",
    )
    with pytest.raises(TrainingError, match=r"^wheel: not a single picture in without-no-logo"):
        load_training_set(lake, catalogue, ["without-no-logo"], ["bars", "wheel"])


def test_a_set_of_other_classes_takes_part_only_where_it_is_named(lake, label):
    label("by-catalogue", a="ring")
    label("of-its-own", own_classes=True, b="wheel")
    taken = choose_sets(lake, [])
    assert "by-catalogue" in taken
    assert "of-its-own" not in taken
    assert choose_sets(lake, ["of-its-own"]) == ("of-its-own",)


def test_the_evaluation_is_a_part_of_its_own(lake, catalogue, label):
    label("parts", splits={"b": "evaluation"}, a="ring", b="ring", c="bars", d="no_logo")
    data = load_training_set(lake, catalogue, ["parts"])
    assert data.part("train").digests == ("a", "c", "d")
    measuring = data.part("evaluation")
    assert (measuring.digests, measuring.counts()) == (
        ("b",),
        {"bars": 0, "ring": 1, "no_logo": 0},
    )
    assert measuring.part("train").digests == ()


def test_a_class_that_is_only_evaluated_is_named(lake, catalogue, label):
    label("spent", splits={"a": "evaluation"}, a="ring", b="bars", c="no_logo")
    with pytest.raises(TrainingError, match=r"^ring: every picture in spent is for evaluation"):
        load_training_set(lake, catalogue, ["spent"])


def test_groups_that_a_picture_ties_are_one_fold(lake, catalogue, label_row):
    rows = [
        label_row("a", "ring", phash="0" * 16, dhash="0" * 16),
        label_row("b", "ring", phash="0" * 14 + "ff", dhash="0" * 16),
        label_row("c", "bars", seller_id="s"),
        label_row("d", "bars", seller_id="s"),
        label_row("e", "no_logo"),
    ]
    lake.write(LABELS, pa.Table.from_pylist(rows, LABELS.schema), label_set="tied")
    assert load_training_set(lake, catalogue, ["tied"]).groups == ("a", "a", "c", "c", "e")


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
