"""Who becomes champion, on a real MLflow server with real files; and who never does."""

from dataclasses import replace

import numpy as np
import pytest

from counterfeit_ml.errors import BrokenModelError, RegistryError
from counterfeit_ml.logo_classifier import MODEL_FILE
from counterfeit_ml.registry import CHALLENGER, CHAMPION, LABEL_SETS, MODEL, PREVIOUS, Registry
from counterfeit_ml.training import conclude, import_labels, promote, rollback
from counterfeit_ml.training.comparison import FrozenPictures
from counterfeit_ml.training.dataset import load_training_set
from counterfeit_ml.training.promotion import decide
from tests.intrusions import NO_MODEL
from tests.models_made import WORSE, colour_model, register
from tests.training.drawn import CLASSES, draw_labels

LABEL_SET = "promotion-test"
APPROVED = {"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "ada"}}
REJECTED = {"chosen_options": ["Reject"], "responded_by_user": {"id": "1", "name": "ada"}}

pytestmark = pytest.mark.usefixtures("without_champion")


@pytest.fixture(scope="module")
def frozen(lake, catalogue, tmp_path_factory):
    directory = draw_labels(tmp_path_factory.mktemp("labels") / "shop", each=40)
    import_labels(lake, catalogue, directory, LABEL_SET)
    data = load_training_set(lake, catalogue, [LABEL_SET]).part("evaluation")
    return FrozenPictures(data, lake.get_image)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A good model and a worse one."""
    folder = tmp_path_factory.mktemp("models")
    return colour_model(folder / "good"), colour_model(folder / "worse", WORSE)


@pytest.fixture
def registry(settings):
    registry = Registry(settings)
    yield registry
    for alias in (CHAMPION, CHALLENGER, PREVIOUS):
        registry.client().delete_registered_model_alias(MODEL, alias)


@pytest.fixture
def good(registry, folders):
    return register(registry, folders[0])


@pytest.fixture
def champion(registry, good):
    registry.promote(good)
    return good


@pytest.fixture
def hoops(registry, tmp_path):
    """A good one that calls a ring a hoop."""
    folder = colour_model(tmp_path / "other", classes=("bars", "hoop", "no_logo"))
    return register(registry, folder)


@pytest.fixture
def worse(registry, folders):
    return register(registry, folders[1], {LABEL_SETS: LABEL_SET})


def test_the_first_needs_only_to_run_and_to_beat_chance(registry, frozen, good, settings):
    decision = decide(registry, frozen, good, CLASSES)
    assert decision.promote
    assert decision.because == "there is no champion yet; it runs and is better than chance"
    tags = registry.tags(good)
    assert tags["decision"] == "promote"
    assert tags["decided_against"] == "no champion"
    assert tags["evaluated_on"] == frozen.digest
    assert float(tags["challenger_macro_f1"]) > 0.9
    assert registry.holder(CHAMPION) is None
    assert conclude(settings, good).promoted
    assert registry.champion() == good


def test_an_equal_one_is_promoted_and_remembers_whom_it_follows(
    registry, frozen, champion, folders, settings
):
    challenger = register(registry, folders[0])
    assert registry.holder(CHALLENGER) == challenger
    assert decide(registry, frozen, challenger, CLASSES).promote
    found = conclude(settings, challenger)
    assert (found.promoted, found.champion_before) == (True, champion)
    assert registry.champion() == challenger
    assert registry.holder(PREVIOUS) == champion
    assert registry.holder(CHALLENGER) is None
    assert conclude(settings, challenger).promoted


def test_a_worse_one_is_not(registry, frozen, champion, worse, settings):
    decision = decide(registry, frozen, worse, CLASSES)
    assert not decision.promote
    assert "no-logo false positives at 0.89" in decision.because
    tags = registry.tags(worse)
    assert tags["decision"] == "keep the champion"
    assert float(tags["challenger_macro_f1"]) < float(tags["champion_macro_f1"])
    found = conclude(settings, worse)
    assert not found.promoted
    assert f"is not the champion, version {champion} stays: " in str(found)
    assert registry.champion() == champion
    assert registry.holder(CHALLENGER) == worse


def test_approval_does_not_make_a_worse_one_champion(registry, frozen, champion, worse, settings):
    decide(registry, frozen, worse, CLASSES)
    assert not conclude(settings, worse, APPROVED).promoted
    assert registry.champion() == champion


def test_by_hand_a_worse_one_is_promoted_with_its_reason(
    registry, frozen, champion, worse, settings
):
    found = promote(settings, worse, "a campaign")
    assert found.because.startswith("by hand (a campaign); it would have been kept back: macro-F1")
    assert registry.champion() == worse
    assert registry.tags(worse)["promoted_by_hand"] == "a campaign"


def test_a_person_approves(registry, frozen, champion, folders, settings):
    challenger = register(registry, folders[0])
    decide(registry, frozen, challenger, CLASSES)
    assert conclude(settings, challenger, APPROVED).promoted
    assert registry.tags(challenger)["approved_by"] == "ada"


@pytest.mark.parametrize(
    ("answer", "who"),
    [(REJECTED, "ada"), ({**REJECTED, "responded_by_user": None}, "nobody in time")],
)
def test_a_person_rejects(registry, frozen, champion, folders, settings, answer, who):
    challenger = register(registry, folders[0])
    decide(registry, frozen, challenger, CLASSES)
    found = conclude(settings, challenger, answer)
    assert (found.promoted, found.because) == (False, f"rejected by {who}")
    assert registry.tags(challenger)["rejected_by"] == who
    assert registry.champion() == champion


def test_an_answer_that_came_after_another_promotion_does_nothing(
    registry, frozen, champion, folders, settings
):
    challenger, other = register(registry, folders[0]), register(registry, folders[0])
    decide(registry, frozen, challenger, CLASSES)
    registry.promote(other)
    found = conclude(settings, challenger, APPROVED)
    assert not found.promoted
    assert f"it was compared with version {champion}, which is the champion no more" in str(found)


def test_a_brand_that_only_one_knows_is_left_out_of_the_comparison(
    registry, frozen, champion, hoops
):
    decision = decide(registry, frozen, hoops, ("bars", "hoop", "no_logo"))
    assert decision.promote
    assert "without the pictures of hoop, which only the challenger knows" in decision.reasons
    assert "without the pictures of ring, which only the champion knows" in decision.reasons


def test_a_brand_of_the_catalogue_is_not_lost(registry, frozen, champion, hoops):
    decision = decide(registry, frozen, hoops, CLASSES)
    assert not decision.promote
    lost = "it does not know ring of brands.yaml, which the champion knows"
    assert decision.reasons[0] == lost


def test_one_that_knows_the_catalogue_follows_one_that_knows_none_of_it(
    registry, frozen, good, tmp_path
):
    other = colour_model(tmp_path / "other", classes=("wheel", "hoop", "nothing"))
    registry.promote(register(registry, other))
    decision = decide(registry, frozen, good, CLASSES)
    assert decision.promote
    assert "no picture is of a class that both know" in decision.because


def test_without_pictures_kept_back_the_first_is_promoted_and_no_other(
    registry, frozen, good, folders
):
    none = replace(frozen, data=frozen.data.part("train"))
    decision = decide(registry, none, good, CLASSES)
    assert decision.promote
    assert decision.because == (
        "there is no champion yet; it runs, and no picture of promotion-test is kept back for "
        "evaluation to say more"
    )
    registry.promote(good)
    decision = decide(registry, none, register(registry, folders[0]), CLASSES)
    assert not decision.promote
    assert "is kept back for evaluation, so nothing can be compared" in decision.because


def test_one_of_other_classes_is_judged_by_hand_on_what_taught_it(
    registry, settings, lake, catalogue, champion, tmp_path
):
    drawn = draw_labels(tmp_path / "wheels", each=20)
    (drawn / "ring").rename(drawn / "wheel")
    import_labels(lake, catalogue, drawn, "wheels-test", brands=("all",))
    folder = colour_model(tmp_path / "model", classes=("bars", "wheel", "no_logo"))
    version = register(registry, folder, {LABEL_SETS: "wheels-test"})
    found = promote(settings, version, "wheels sell")
    assert "it would have been kept back: it does not know ring of brands.yaml" in found.because
    assert registry.champion() == version


def test_a_broken_champion_stops_no_good_challenger(registry, frozen, champion, folders):
    registry.tag(champion, {"sha256": "another"})
    decision = decide(registry, frozen, register(registry, folders[0]), CLASSES)
    assert decision.promote
    assert "the champion cannot be compared with: " in decision.because


@pytest.fixture(params=["nan", "constant", "other classes", "swapped classes"])
def broken(request, registry, tmp_path):
    """Versions that were registered as they are: MLflow takes any file that TensorFlow writes."""
    make = {
        "nan": {"sharpness": np.nan},
        "constant": {"sharpness": 0.0},
        "other classes": {"classes": ("bars", "bars", "no_logo")},
        "swapped classes": {"classes": ("ring", "no_logo", "bars")},
    }[request.param]
    folder = colour_model(tmp_path / "broken", **make)
    return request.param, register(registry, folder, {LABEL_SETS: LABEL_SET})


@NO_MODEL
def test_a_broken_one_never_becomes_champion(registry, frozen, champion, broken, settings):
    kind, version = broken
    with pytest.raises(BrokenModelError, match=rf"^Version {version} of logo-classifier is broken"):
        decide(registry, frozen, version, CLASSES)
    assert registry.tags(version)["decision"] == "refuse"
    assert not conclude(settings, version, APPROVED).promoted
    with pytest.raises(BrokenModelError):
        promote(settings, version, "it must")
    if kind != "swapped classes":  # which only the frozen pictures can tell
        registry.tag(version, {"champion_since": "once"})
        with pytest.raises(BrokenModelError):
            rollback(settings, version)
    assert registry.champion() == champion


def damage(registry, lake, version, change):
    """Change the model file where MLflow keeps it, in S3."""
    source = registry.client().get_model_version_download_uri(MODEL, version)
    model = source.rsplit("/", 2)[-2] if source.endswith("artifacts") else source.rsplit("/", 1)[-1]
    (key,) = [one for one in lake.keys("mlflow/") if model in one and one.endswith(MODEL_FILE)]
    lake.put(key, change(lake.get(key)))


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "one bit": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    "a page": lambda data: b"<html>504</html>",
}


@pytest.mark.parametrize("damaged", DAMAGES.values(), ids=DAMAGES)
@NO_MODEL
def test_an_artifact_damaged_in_s3_is_refused_on_every_way(
    registry, frozen, champion, folders, settings, lake, damaged
):
    version = register(registry, folders[0])
    decide(registry, frozen, version, CLASSES)
    registry.fetch(version)  # a sound copy in the cache helps nothing
    registry.tag(version, {"champion_since": "once"})
    damage(registry, lake, version, damaged)
    for way in (
        lambda: decide(registry, frozen, version, CLASSES),
        lambda: registry.promote(version),
        lambda: promote(settings, version, "it must"),
        lambda: rollback(settings, version),
    ):
        with pytest.raises(BrokenModelError, match="is broken"):
            way()
    assert registry.champion() == champion


def test_rolling_back_goes_down_the_line_of_champions(registry, folders, settings):
    first, second, third = (register(registry, folders[0]) for _ in range(3))
    for version in (first, second, third):
        registry.promote(version)
    found = rollback(settings)
    assert str(found) == (
        f"logo-classifier version {second} is the champion instead of {third}: rolled back"
    )
    assert registry.tags(third)["rolled_back_to"] == second
    assert registry.holder(PREVIOUS) == first
    assert rollback(settings).champion == first
    assert registry.holder(PREVIOUS) is None
    with pytest.raises(RegistryError, match="is the first champion: there is none before it"):
        rollback(settings)
    assert rollback(settings, third).promoted
    assert registry.champion() == third
    assert rollback(settings, third).because == "it was the champion already"


def test_rolling_back_to_one_that_never_was_champion_is_refused(
    registry, champion, worse, settings
):
    with pytest.raises(RegistryError, match=f"counterfeit promote {worse} --reason"):
        rollback(settings, worse)
    with pytest.raises(RegistryError, match="model logo-classifier version 9999"):
        rollback(settings, "9999")
    assert registry.champion() == champion
