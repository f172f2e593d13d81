"""The two histograms of a feature as shapes, for the page *Drift* to write as SVG."""

from collections.abc import Sequence
from typing import Any, NamedTuple

WIDTH, HEIGHT, FOOT, HEAD = 420, 150, 18, 14
ROW, NAMES = 20, 110  # of a category: one row each, its name left of its bar
PLACES = 2


class Bar(NamedTuple):
    """A rectangle in the chart's units, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str


class Line(NamedTuple):
    """A line of the frame."""

    x1: float
    y1: float
    x2: float
    y2: float


class Text(NamedTuple):
    """A word of the frame."""

    x: float
    y: float
    anchor: str
    text: str


class Chart(NamedTuple):
    """One histogram."""

    width: int
    height: int
    bars: list[Bar]
    lines: list[Line]
    texts: list[Text]


def charts(row: dict[str, Any], ordered: bool) -> tuple[Chart, Chart]:
    """The reference's and the day's histogram of one row of ``drift``, to one scale."""
    sides = [_shares(row["reference_counts"]), _shares(row["counts"])]
    seen = [place for place in range(len(row["bins"])) if any(side[place] for side in sides)]
    # A number's bins without gaps, so that distances stay true.
    places = range(seen[0], seen[-1] + 1) if ordered and seen else seen
    bins = [row["bins"][place] for place in places]
    highest = max((side[place] for side in sides for place in places), default=1.0) or 1.0
    draw = _columns if ordered else _rows
    before, now = (draw(bins, [side[place] for place in places], highest) for side in sides)
    return before, now


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _columns(bins: Sequence[str], shares: Sequence[float], highest: float) -> Chart:
    step, room = WIDTH / max(1, len(bins)), HEIGHT - FOOT - HEAD
    bars = [
        Bar(
            round(place * step, PLACES),
            round(HEAD + room * (1 - share / highest), PLACES),
            round(max(0.5, step - 1), PLACES),
            round(room * share / highest, PLACES),
            f"{name}: {share:.1%}",
        )
        for place, (name, share) in enumerate(zip(bins, shares, strict=True))
        if share
    ]
    ground = HEIGHT - FOOT
    lines = [Line(0, ground, WIDTH, ground), Line(0, HEAD, WIDTH, HEAD)]
    texts = [Text(0, HEAD - 4, "start", f"{highest:.1%}")]
    if bins:
        texts.append(Text(0, HEIGHT - 4, "start", bins[0]))
    if len(bins) > 1:
        texts.append(Text(WIDTH, HEIGHT - 4, "end", bins[-1]))
    return Chart(WIDTH, HEIGHT, bars, lines, texts)


def _rows(bins: Sequence[str], shares: Sequence[float], highest: float) -> Chart:
    room = WIDTH - NAMES - 50
    bars, texts = [], []
    for place, (name, share) in enumerate(zip(bins, shares, strict=True)):
        y, length = place * ROW, round(room * share / highest, PLACES)
        bars.append(Bar(NAMES, y + 3, length, ROW - 6, f"{name}: {share:.1%}"))
        texts.append(Text(NAMES - 8, y + ROW - 6, "end", name))
        texts.append(Text(NAMES + length + 6, y + ROW - 6, "start", f"{share:.1%}"))
    return Chart(WIDTH, max(ROW, ROW * len(bins)), bars, [], texts)
