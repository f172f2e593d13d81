"""The locale that decides what ``1.234`` and ``$`` mean, as configuration names it."""

from typing import Annotated

from pydantic import AfterValidator


def _locale(name: str) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        return str(Locale.parse(name.replace("-", "_")))
    except (ValueError, UnknownLocaleError) as error:
        raise ValueError(f"{name!r} is no locale: write it as de_DE, en_US or fr") from error


LocaleName = Annotated[str, AfterValidator(_locale)]
