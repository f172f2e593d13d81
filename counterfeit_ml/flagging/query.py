"""SQL that is put together, its values beside it as parameters."""

from importlib.resources import files
from typing import Any


class Parameters:
    """The values of a statement; none of them ever stands in its text."""

    def __init__(self, **named: Any) -> None:
        self.values: dict[str, Any] = dict(named)

    def add(self, value: Any) -> str:
        """What stands for ``value`` in the statement."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def statement(name: str, **parts: str) -> str:
    """The SQL of ``name``.sql of this folder, with its ``/* parts */`` filled in."""
    text = files(__package__).joinpath(f"{name}.sql").read_text("utf-8")
    for part, sql in parts.items():
        text = text.replace(f"/* {part} */", sql)
    return text
