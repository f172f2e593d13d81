"""What an import of labels made of a source, for a person to read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

SHOWN = 20


@dataclass(frozen=True)
class ImportSummary:
    """What came in and what did not.

    ``pictures`` are distinct ones by class, ``evaluation`` those of them that measure. ``copies``
    are files equal to another under the same label. ``converted`` counts accepted pictures by what
    is done to them, ``refused`` what carries no label by reason; ``refusals`` are the first
    sentences behind it and ``notes`` say what a person should know of the classes.
    """

    label_set: str
    pictures: dict[str, int]
    evaluation: dict[str, int]
    groups: int
    copies: int
    converted: dict[str, int]
    refused: dict[str, int]
    refusals: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        total, measuring = sum(self.pictures.values()), sum(self.evaluation.values())
        return (
            f"{total} pictures of {len(self.pictures)} classes in {self.groups} groups, "
            f"{measuring} for evaluation, {sum(self.refused.values())} refused"
        )

    def figures(self) -> dict[str, int]:
        """Every count by a name of its own, for the tab *Results*; the sentences are in the log."""
        return {
            "accepted": sum(self.pictures.values()),
            "for evaluation": sum(self.evaluation.values()),
            "groups": self.groups,
            "copies": self.copies,
            "refused": sum(self.refused.values()),
            **{f"refused: {reason}": count for reason, count in self.refused.items()},
            **{f"converted: {kind}": count for kind, count in self.converted.items()},
            **{f"class {name}": count for name, count in self.pictures.items()},
        }


def summary_tables(summary: ImportSummary) -> RenderableType:
    """The classes, and what was refused or converted. Names are shown as they are, no markup."""
    parts: list[RenderableType] = [_classes(summary)]
    counts = {
        **{f"refused: {reason}": count for reason, count in summary.refused.items()},
        **{f"converted: {kind}": count for kind, count in summary.converted.items()},
        **({"copies, counted once": summary.copies} if summary.copies else {}),
    }
    if counts:
        table = Table(show_header=False, box=None)
        for name, count in counts.items():
            table.add_row(Text(name), f"{count:,}")
        parts.append(table)
    parts += [Text(sentence) for sentence in (*_cut(summary), *summary.notes)]
    return Group(*parts, Text(f"{summary.label_set}: {summary}"))


def by_count(words: Sequence[str]) -> dict[str, int]:
    """How often each word stands, the most frequent first."""
    return dict(sorted(Counter(words).items(), key=lambda one: (-one[1], one[0])))


def _cut(summary: ImportSummary) -> list[str]:
    more = sum(summary.refused.values()) - len(summary.refusals)
    return [*summary.refusals, *([f"and {more} more: see the log."] if more > 0 else [])]


def _classes(summary: ImportSummary) -> Table:
    table = Table("class", title=f"Label set {summary.label_set}", title_justify="left")
    for name in ("pictures", "for evaluation"):
        table.add_column(name, justify="right")
    for name, count in summary.pictures.items():
        table.add_row(Text(name), f"{count:,}", f"{summary.evaluation.get(name, 0):,}")
    return table
