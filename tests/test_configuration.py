from pathlib import Path

import pytest
from pydantic import BaseModel

from counterfeit_ml.brands import load_brands
from counterfeit_ml.configuration import load_yaml
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.settings import ROOT


class Shelf(BaseModel):
    books: int


def written(folder: Path, text: str) -> Path:
    path = folder / "shelf.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_sound_file_becomes_its_model(tmp_path):
    assert load_yaml(written(tmp_path, "books: 3"), Shelf) == Shelf(books=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("books: many", "books: Input should be a valid integer"),
        ("", "the file: Input should be a valid dictionary"),
        ("books: 1\nbooks: 2", "the key 'books' is given twice"),
        ("books: [", "is not valid YAML"),
        ("a: &a [1]\nbooks: *a", "aliases are not allowed"),
        ("books: !!python/object/apply:os.getcwd []", "is not valid YAML"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_yaml(path, Shelf)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read: No such file"):
        load_yaml(tmp_path / "none.yaml", Shelf)


def test_the_catalogue_holds_the_ten_brands_and_no_logo():
    catalogue = load_brands(ROOT / "config")
    assert catalogue.classes == (
        "chanel",
        "gucci",
        "hermes",
        "louis_vuitton",
        "michael_kors",
        "nike",
        "ray_ban",
        "saint_laurent",
        "salvatore_ferragamo",
        "versace",
        "no_logo",
    )
