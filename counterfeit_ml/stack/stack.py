"""One embedded stack: its folders, addresses and credentials."""

from dataclasses import dataclass
from typing import Self

from counterfeit_ml.settings import Settings
from counterfeit_ml.stack.folders import Folders
from counterfeit_ml.stack.settings import StackSettings


@dataclass(frozen=True)
class Stack:
    """What every part of this room is given."""

    folders: Folders
    settings: Settings
    own: StackSettings

    @classmethod
    def load(cls, folders: Folders | None = None) -> Self:
        """Read the credentials file; raises ``ConfigError`` before the first ``up``."""
        return cls(folders or Folders(), Settings.load(), StackSettings.load())
