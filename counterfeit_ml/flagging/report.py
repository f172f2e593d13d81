"""A trial of rules as tables for a terminal."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from counterfeit_ml.flagging.trial import CHANGES, Example, Trial

TITLE, REASON = 60, 200
"""Characters of each that are shown."""


def trial_tables(trial: Trial) -> RenderableType:
    """What would change: by rule, by brand, and examples."""
    told = [Text(_headline(trial))]
    if not trial.by_rule:
        return Group(*told, Text("No flag would be made, cleared or changed."))
    return Group(*told, _by_rule(trial), _by_brand(trial), _examples(trial.examples))


def _headline(trial: Trial) -> str:
    said = (
        f"{trial.ds}: {trial.scored:,} listings scored; {trial.before:,} flags stand, "
        f"{trial.after:,} would. Nothing is written."
    )
    if trial.flagged_before:
        return said
    return f"{said} The day was never flagged: every flag is new."


def _by_rule(trial: Trial) -> Table:
    table = Table("", "rule that decided", "rule that would", "listings", title="By rule")
    order = sorted(trial.by_rule, key=lambda one: (CHANGES.index(one[0]), -trial.by_rule[one]))
    for change, before, after in order:
        count = trial.by_rule[change, before, after]
        table.add_row(change, before or "-", after or "-", f"{count:,}")
    return table


def _by_brand(trial: Trial) -> Table:
    table = Table("brand", *CHANGES, title="By brand")
    for brand in sorted({brand for brand, _ in trial.by_brand}):
        counts = (trial.by_brand.get((brand, change), 0) for change in CHANGES)
        table.add_row(Text(brand), *(f"{count:,}" for count in counts))
    return table


def _examples(examples: Iterable[Example]) -> Table:
    table = Table("", "listing", "brand", "verdict", "title and reasons", title="Examples")
    for one in examples:
        verdict = _change(one.verdict_before, one.verdict)
        told = Text("\n").join([Text(_plain(one.title)), *map(_reason, one.reasons)])
        table.add_row(one.change, Text(_plain(one.listing)), one.brand, verdict, told)
    return table


def _change(before: str | None, after: str | None) -> str:
    return after or "-" if before in (None, after) else f"{before} → {after or '-'}"


def _reason(sentence: str) -> Text:
    return Text(_plain(sentence, REASON), style="dim")


def _plain(text: str, most: int = TITLE) -> str:
    """Short, and without what would move a terminal's cursor or turn its direction."""
    shown = "".join(char if char.isprintable() else "�" for char in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
