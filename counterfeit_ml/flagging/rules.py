"""The rules of ``config/rules.yaml``, typed, and the version that a flag carries."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from counterfeit_ml.configuration import load_yaml


class Rule(BaseModel):
    """Flags a listing whose logo confidence and price ratio are both past these bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    verdict: Literal["counterfeit", "review"]
    logo_confidence_above: Annotated[float, Field(ge=0, lt=1)]
    price_ratio_below: PositiveFloat


class RuleBook(BaseModel):
    """Rules in the order in which they are tried."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "RuleBook":
        ids = [rule.id for rule in self.rules]
        if twice := {one for one in ids if ids.count(one) > 1}:
            raise ValueError(f"two rules share the id {', '.join(sorted(twice))}")
        return self


def load_rules(config_dir: Path) -> RuleBook:
    """Read ``rules.yaml``; raises ``ConfigError``."""
    return load_yaml(config_dir / "rules.yaml", RuleBook)


def rules_version(config_dir: Path) -> str:
    """12 hex digits that change with any byte of the rules or of the price floors."""
    files = (config_dir / "rules.yaml", config_dir / "brands.yaml")
    return sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:12]
