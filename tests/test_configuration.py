from pathlib import Path

import pytest
from pydantic import BaseModel

from counterfeit_ml.brands import load_brands
from counterfeit_ml.configuration import load_yaml
from counterfeit_ml.errors import ConfigError
from counterfeit_ml.settings import ROOT
from tests.intrusions import YAML_BOMB


class Book(BaseModel, extra="forbid"):
    title: str = ""
    pages: int = 0


class Shelf(BaseModel):
    books: int
    best: tuple[Book, ...] = ()


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "shelf.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_sound_file_becomes_its_model(tmp_path):
    assert load_yaml(written(tmp_path, "books: 3"), Shelf) == Shelf(books=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("books: many", ":1: books: Input should be a valid integer"),
        ("", ":1: the file: Input should be a valid dictionary"),
        ("books: 1\nbooks: 2", ":2: the key 'books' is given twice"),
        ("books: 1\nbest: ]", ":2: this is not valid YAML"),
        (f"books: {'9' * 5000}", "is not valid YAML"),
        ("books: 2026-13-01", "is not valid YAML"),
        ("a: &a [1]\nbooks: *a", ":2: aliases are not allowed"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", ":2: aliases are not allowed"),
        ("[" * 100_000, ":1: more than 30 levels deep"),
        ("{a: " * 100_000, ":1: more than 30 levels deep"),
        ("? [a, b]\n: 1", "is not valid YAML"),
        ("books: 1\nbest:\n- title: a\n  pages: b", ":4: best.0.pages: Input should be a valid"),
        ("books: 1\nbest:\n- page: 1", ":3: best.0.page: there is no such key here, but title, p"),
        ("books: a\nbest: b", ":1: books: Input should be a valid integer"),
        ("books: a\nbest: b", "; line 2: best: Input should be a valid tuple"),
        ("books: 1\nbest: [" + "{x: 1}, " * 40 + "]", "; and 30 faults more."),
        ("\ud800".encode("utf-8", "surrogatepass"), "is not valid YAML"),
        (b"x" * 3_000_000, "has 3,000,000 bytes, and 2,097,152 are the most that is read"),
        ("books: !!python/object/apply:os.getcwd []", "is not valid YAML"),
    ],
)
@YAML_BOMB
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
