"""Words and phrases, found in titles whole and whatever their case and accents."""

import re
import unicodedata
from collections.abc import Iterable

_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")


def word_pattern(words: Iterable[str]) -> str:
    """RE2 for any of ``words`` in a text without accents; no part of a longer word will do."""
    return f"(?i)(?:{'|'.join(map(_whole, sorted(words)))})"


def _whole(word: str) -> str:
    marks = unicodedata.normalize("NFKD", word.strip())
    plain = "".join(char for char in marks if not unicodedata.combining(char))
    plain = unicodedata.normalize("NFC", plain)
    parts = r"\s+".join(map(re.escape, plain.split()))
    before = r"(?:^|[^\pL\pN])" if _spaced(plain[0]) else ""
    behind = r"(?:[^\pL\pN]|$)" if _spaced(plain[-1]) else ""
    return before + parts + behind


def _spaced(char: str) -> bool:
    """Whether words that begin or end with it stand apart from others."""
    return char.isalnum() and not unicodedata.name(char, "").startswith(_UNSPACED)
