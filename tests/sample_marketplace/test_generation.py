import hashlib
import io
import json
from collections import Counter

import pytest
from PIL import Image

from counterfeit_ml.brands import load_brands
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.sample_marketplace import generate
from counterfeit_ml.sample_marketplace.catalogue import Catalogue
from counterfeit_ml.sample_marketplace.rot import ROTS
from counterfeit_ml.settings import ROOT


def _files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _truths(marketplace):
    return [json.loads(line) for line in marketplace.truth_file.read_text("utf-8").splitlines()]


def _spoiled(marketplace, reason):
    catalogue = Catalogue.read(marketplace.directory)
    bad = {t["listing_id"] for t in _truths(marketplace) if t.get("reject") == reason}
    items = [item for item in catalogue.items if item.listing_id in bad]
    return catalogue, items


def test_counts(marketplace):
    assert (marketplace.listings, marketplace.sound, marketplace.labels) == (100, 80, 12)
    assert 5 < marketplace.counterfeits < 30


def test_the_same_seed_gives_the_same_bytes(marketplace, tmp_path):
    again = generate(tmp_path / "again", listings=100, labels_per_class=1, seed=7)
    assert _files(again.directory) == _files(marketplace.directory)
    assert list(tmp_path.iterdir()) == [again.directory]


def test_a_second_call_does_nothing_and_another_seed_replaces_all(tmp_path):
    first = generate(tmp_path / "m", listings=40, labels_per_class=1, seed=1)
    drawn = first.truth_file.stat().st_mtime_ns
    assert generate(tmp_path / "m", listings=40, labels_per_class=1, seed=1) == first
    assert first.truth_file.stat().st_mtime_ns == drawn
    before = _files(first.directory)
    other = generate(tmp_path / "m", listings=40, labels_per_class=1, seed=2)
    after = _files(other.directory)
    assert not {hashlib.sha256(b).digest() for n, b in before.items() if len(b) > 200} & {
        hashlib.sha256(b).digest() for n, b in after.items() if len(b) > 200
    }
    assert list(tmp_path.iterdir()) == [other.directory]


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(ConfigError, match="holds other files and no sample marketplace"):
        generate(tmp_path, listings=40, labels_per_class=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_too_few_listings_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least 40 listings"):
        generate(tmp_path / "m", listings=39)


def test_every_listing_has_one_truth_and_every_kind_of_rot_occurs(marketplace):
    truths = _truths(marketplace)
    items = Catalogue.read(marketplace.directory).items
    assert [truth["listing_id"] for truth in truths] == [item.listing_id for item in items]
    assert len({item.listing_id for item in items}) == 100
    assert Counter(t["reject"] for t in truths if "reject" in t) == dict.fromkeys(ROTS, 2)


def test_the_truth_agrees_with_the_floors(marketplace):
    floors = {key: b.floor_usd for key, b in load_brands(ROOT / "config").brands.items()}
    for truth in _truths(marketplace):
        if truth.get("brand", "no_logo") == "no_logo":
            assert not truth.get("counterfeit")
        elif truth["counterfeit"]:
            assert truth["price_usd"] <= 0.6 * floors[truth["brand"]]
        else:
            assert truth["price_usd"] >= 1.2 * floors[truth["brand"]]


def test_sound_pictures_are_whole_and_none_is_a_training_picture(marketplace):
    catalogue = Catalogue.read(marketplace.directory)
    sound = {truth["listing_id"] for truth in _truths(marketplace) if "brand" in truth}
    shown = set()
    for item in catalogue.items:
        if item.listing_id in sound:
            data = (marketplace.directory / "images" / item.image).read_bytes()
            Image.open(io.BytesIO(data)).load()
            assert catalogue.images[item.image] == "image/jpeg"
            shown.add(data)
    assert len(shown) < len(sound)
    training = {path.read_bytes() for path in marketplace.labels_dir.glob("*/*.jpg")}
    assert len(training) == 12
    assert not shown & training


def test_labels_have_a_folder_for_each_class(marketplace):
    classes = load_brands(ROOT / "config").classes
    assert sorted(path.name for path in marketplace.labels_dir.iterdir()) == sorted(classes)


def test_a_truncated_picture_cannot_be_decoded(marketplace):
    _, items = _spoiled(marketplace, "truncated_image")
    for item in items:
        picture = Image.open(marketplace.directory / "images" / item.image)
        with pytest.raises(OSError, match="truncated"):
            picture.load()


def test_spoiled_pictures_are_what_they_are_called(marketplace):
    folder = marketplace.directory / "images"
    assert [(folder / i.image).read_bytes() for i in _spoiled(marketplace, "empty_image")[1]] == [
        b"",
        b"",
    ]
    catalogue, items = _spoiled(marketplace, "html_as_image")
    assert {catalogue.images[item.image] for item in items} == {
        "image/jpeg",
        "text/html; charset=utf-8",
    }
    assert all((folder / item.image).read_bytes().startswith(b"<!doctype") for item in items)
    catalogue, items = _spoiled(marketplace, "missing_image")
    assert [catalogue.images[item.image] for item in items] == [None, None]
    assert not any((folder / item.image).exists() for item in items)


def test_a_spoiled_listing_shares_nothing_and_is_linked_once(marketplace):
    items = Catalogue.read(marketplace.directory).items
    bad = {t["listing_id"] for t in _truths(marketplace) if "reject" in t}
    uses = Counter(item.image for item in items)
    assert all(uses[i.image] == 1 and not i.on_sale for i in items if i.listing_id in bad)
