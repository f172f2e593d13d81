r"""Some exports write a column as JSON does inside its quotes: ``Women\u2019s``, ``\n``."""

import re
from collections.abc import Iterable

_UNICODE = re.compile(r"\\u[0-9a-fA-F]{4}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"\\/bfnrt]))")
_MEANING = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def is_escaped(values: Iterable[str]) -> bool:
    r"""Whether a whole column is so written.

    It is where some value has a ``\uXXXX``, no backslash stands for itself, and every character
    outside ASCII is escaped: a ``C:\new`` in ordinary text does not meet all three.
    """
    found = False
    for value in values:
        if not value.isascii():
            return False
        if "\\" in value:
            if "\\" in _ESCAPE.sub("", value):
                return False
            found = found or bool(_UNICODE.search(value))
    return found


def unescaped(value: str) -> str:
    """What ``value`` says; unchanged where it is not so written."""
    if "\\" not in value or "\\" in _ESCAPE.sub("", value):
        return value
    text = _ESCAPE.sub(_meaning, value)
    try:
        return text.encode("utf-16", errors="surrogatepass").decode("utf-16")
    except UnicodeDecodeError:  # half a character
        return value


def _meaning(escape: re.Match[str]) -> str:
    digits, letter = escape.groups()
    return chr(int(digits, 16)) if digits else _MEANING.get(letter, letter)
