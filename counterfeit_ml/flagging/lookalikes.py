"""Names of brands written so that people read them and filters do not: ``gucc1``, ``Gυссі``.

No library that is kept up has the table of look-alikes (Unicode's confusables.txt); this one has
those that are used in place of Latin letters.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

SHORTEST = 4
"""Letters of a name: shorter ones stand in too many other words."""
_ALIKE = {
    "a": "@4аαɑᴀ",
    "b": "8вβьʙ",
    "c": "¢сϲᴄ",
    "d": "ԁɗᴅ",
    "e": "3€еєεᴇ℮",
    "f": "ғƒꜰ",
    "g": "69ԍɡɢց",
    "h": "нһηʜ",
    "i": "1l|!¡іιıӏɪ",
    "j": "јʝ",
    "k": "кκĸᴋ",
    "l": "1i|!ӏіʟ",
    "m": "мμᴍ",
    "n": "пոνηиɴ",
    "o": "0оοօøᴏ",
    "p": "рρᴘ",
    "q": "ԛգ",
    "r": "гяʀ",
    "s": "5$ѕ§ꜱ",
    "t": "7+тτᴛ",
    "u": "vυսᴜ",
    "v": "uνѵᴠ",
    "w": "ԝѡωᴡ",
    "x": "хχ",
    "y": "уγүʏ",
    "z": "2ᴢ",
}
_STYLED = ((0x1D400, 0x1D7FF), (0x2460, 0x24FF), (0x2100, 0x214F), (0x1F130, 0x1F149))
"""Blocks of bold, script and circled letters."""
_HIDDEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff"
_BETWEEN = rf"[{_HIDDEN}.\-_*·•'~/\\]?"
_GAP = rf"[\s{_HIDDEN}.\-_*·•'~/\\]{{0,3}}"
_BEFORE = r"(?:^|[^\pL\pN])"


@dataclass(frozen=True)
class NamePatterns:
    """RE2: ``word`` finds what may be a name, with what is written on to it; it is one where
    ``alike`` matches in full, and spelt as it should be where ``plain`` does.
    """

    word: str
    alike: str
    plain: str


def name_patterns(names: Iterable[str]) -> NamePatterns | None:
    """For these names of brands, to be put to titles without accents; None without any."""
    spelt = sorted({words for name in names if (words := _words(name))})
    if not spelt:
        return None
    alike = "|".join(_alike(words) for words in spelt)
    plain = "|".join(_GAP.join(map(_plain, words)) for words in spelt)
    return NamePatterns(
        rf"(?i){_BEFORE}(?:{alike})[\pL\pN]*",
        rf"(?i){_BEFORE}(?:{alike})",
        rf"(?i){_BEFORE}(?:{plain})",
    )


def _words(name: str) -> tuple[str, ...]:
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = tuple(re.findall("[a-z0-9]+", bare))
    return words if sum(map(len, words)) >= SHORTEST else ()


def _alike(words: tuple[str, ...]) -> str:
    """Its letters or what looks like them, written together or each by itself."""
    together = _GAP.join(_BETWEEN.join(map(_letter, word)) for word in words)
    apart = r"\s{1,3}".join(" ".join(map(_letter, word)) for word in words)
    return f"{together}|{apart}"


@cache
def _letter(letter: str) -> str:
    return f"[{_wide(letter)}{re.escape(_ALIKE.get(letter, ''))}{_styled().get(letter, '')}]"


def _plain(word: str) -> str:
    return "".join(f"[{_wide(letter)}]" for letter in word)


def _wide(letter: str) -> str:
    """The letter, and its full-width form: Japanese shops write that in all honesty."""
    return letter + chr(ord(letter) + 0xFEE0)


@cache
def _styled() -> dict[str, str]:
    found: dict[str, str] = {}
    for first, last in _STYLED:
        for char in map(chr, range(first, last + 1)):
            letter = unicodedata.normalize("NFKD", char).lower()
            if len(letter) == 1 and letter.isascii() and letter.isalnum():
                found[letter] = found.get(letter, "") + char
    return found
