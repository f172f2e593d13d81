"""Turns what stands on a page into plain text."""

import html
import re
import unicodedata

_TAG = re.compile(r"<!--.*?(?:-->|$)|<[/!?A-Za-z][^<>]*(?:>|(?=<)|$)", re.DOTALL)
_CODE = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)", re.DOTALL | re.IGNORECASE)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Control, format (zero width, bidirectional overrides), surrogate, private use."""
_DEEPEST_ESCAPE = 5


def plain_text(value: object, limit: int) -> str | None:
    """``value`` as one line of at most ``limit`` characters without markup or control characters.

    Numbers are written out; None for anything that is neither text nor number, or has no text.
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)[:limit]
    if not isinstance(value, str):
        return None
    text = unicodedata.normalize("NFC", _without_markup(value[: limit * 20]))
    return " ".join(text.split())[:limit].strip() or None


def _without_markup(text: str) -> str:
    """Strip what is hidden, then tags, then resolve entities, as long as they hide more of it."""
    for _ in range(_DEEPEST_ESCAPE):
        before = text
        if "<" not in text and "&" not in text:
            return _visible(text)
        text = html.unescape(_TAG.sub(" ", _CODE.sub(" ", _visible(text))))
        if text == before:
            break
    return _TAG.sub(" ", _visible(text))


def _visible(text: str) -> str:
    if text.isprintable():  # nothing hidden, no blank but the space
        return text
    return "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char) not in _HIDDEN
    )
