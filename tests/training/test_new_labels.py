"""How many labels are new to the champion, on a real lake and registry."""

import pyarrow as pa
import pytest

from counterfeit_ml.datasets import LABELS
from counterfeit_ml.registry import CHAMPION, LABELS_FILE, MODEL, Registry
from counterfeit_ml.training.new_labels import new_labels
from tests.training.drawn import CLASSES

FOUR = [*zip("abc", CLASSES, strict=True), ("d", "bars")]


@pytest.fixture
def put_labels(lake, label_row):
    """Writes a label set; those of other tests are away until the test ends."""
    kept = {key: lake.get(key) for key in lake.keys("labels/")}
    lake.delete(list(kept))

    def put(label_set: str, labels: list[tuple[str, str]], origin: str = "seed") -> None:
        rows = [label_row(letter * 64, label, origin=origin) for letter, label in labels]
        lake.write(LABELS, pa.Table.from_pylist(rows, LABELS.schema), label_set=label_set)

    yield put
    lake.delete(lake.keys("labels/"))
    for key, data in kept.items():
        lake.put(key, data)


@pytest.fixture
def champion(settings, without_champion):
    """Makes a champion whose run had these labels, or did not note them."""
    registry = Registry(settings)

    def make(labels: list[tuple[str, str]] | None) -> str:
        client = registry.client()
        with registry.run("new labels test", {}) as run:
            if labels is not None:
                names = [letter * 64 for letter, _ in labels]
                found = {"image_sha256": names, "label": [label for _, label in labels]}
                run.log_table(found, LABELS_FILE)
        if not client.search_registered_models(f"name = '{MODEL}'"):
            client.create_registered_model(MODEL)
        source = client.get_run(run.id).info.artifact_uri
        version = str(client.create_model_version(MODEL, source, run.id).version)
        client.set_registered_model_alias(MODEL, CHAMPION, version)
        return version

    yield make
    registry.client().delete_registered_model_alias(MODEL, CHAMPION)


def test_all_are_new_where_there_is_no_champion(settings, put_labels, without_champion):
    put_labels("shop", FOUR)
    assert str(new_labels(settings)) == "4 new labels and there is no champion"


def test_none_is_new_to_a_champion_that_had_them(settings, put_labels, champion):
    put_labels("shop", FOUR)
    version = champion(FOUR)
    assert str(new_labels(settings)) == f"0 new labels since version {version}"


def test_a_new_picture_and_a_corrected_label_are_new_and_a_repeated_one_is_not(
    settings, put_labels, champion
):
    put_labels("shop", FOUR)
    champion(FOUR)
    put_labels("reviews", [("a", "bars"), ("d", "ring"), ("e", "ring")], origin="review")
    assert new_labels(settings).count == 2


def test_all_are_new_to_a_champion_that_did_not_note_its_labels(settings, put_labels, champion):
    put_labels("shop", FOUR)
    champion(None)
    assert new_labels(settings).count == 4
