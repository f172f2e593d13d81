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
    return _edge(plain[0], r"(?:^|[^\pL\pN])") + parts + _edge(plain[-1], r"(?:[^\pL\pN]|$)")


def _edge(char: str, apart: str) -> str:
    """What keeps a word that begins or ends with ``char`` from being part of a longer one."""
    if not char.isalnum() or unicodedata.name(char, "").startswith(_UNSPACED):
        return ""
    # RE2's \b knows ASCII alone, and is a hundred times smaller than all the world's letters.
    return r"\b" if char.isascii() else apart
