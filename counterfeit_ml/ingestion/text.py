"""Turns what stands on a page into plain text."""

import html
import re
import unicodedata

_TAG = re.compile(r"<!--.*?(?:-->|$)|<[/!?]?[A-Za-z][^<>]*(?:>|$)", re.DOTALL)
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
    text = _without_markup(value[: limit * 20])
    visible = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or unicodedata.category(char) not in _HIDDEN
    )
    return " ".join(visible.split())[:limit].strip() or None


def _without_markup(text: str) -> str:
    """Strip tags and resolve entities, over again while entities hide further tags."""
    for _ in range(_DEEPEST_ESCAPE):
        before = text
        text = html.unescape(_TAG.sub(" ", _CODE.sub(" ", text)))
        if text == before:
            break
    return _TAG.sub(" ", text)
