"""A trial's results: tables for a terminal, and the same measures as JSON."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from counterfeit_ml.training.evaluation import FLAG_CONFIDENCE, Evaluation, likely_range
from counterfeit_ml.training.picture_folder import PictureFolder
from counterfeit_ml.training.trial import Trial

MOST_CLASSES = 45
MEASURES = {
    "top1": "top-1 accuracy",
    "macro_f1": "macro-F1",
    "ece": "expected calibration error",
    "precision": f"precision above {FLAG_CONFIDENCE}",
    "recall": f"recall above {FLAG_CONFIDENCE}",
    "no_logo_fpr": f"false positives without a logo above {FLAG_CONFIDENCE}",
}


def measures(trial: Trial) -> dict[str, Any]:
    """What can be said of a trial as JSON; ``no_logo_fpr`` is null without such pictures."""
    return {
        **overall(trial.tested),
        "threshold": FLAG_CONFIDENCE,
        "pictures": len(trial.test.pictures),
        "held_out": overall(trial.held_out),
        "classes": _rows(trial.tested.per_class()),
        "confused": _rows(trial.tested.confused()),
        "thresholds": _rows(trial.tested.threshold_table()),
        "reliability": _rows(trial.tested.reliability()),
        "train": _folder(trial.train),
        "test": _folder(trial.test),
        "seconds": round(trial.seconds, 1),
    }


def overall(evaluation: Evaluation) -> dict[str, float | None]:
    """The measures of ``MEASURES``; precision and the last two are of flags above 0.89."""
    found = evaluation.metrics()
    return {
        "top1": found["accuracy"],
        "macro_f1": found["macro_f1"],
        "ece": found["ece"],
        "precision": found["precision_at_0_89"],
        "recall": found["recall_at_0_89"],
        "no_logo_fpr": found.get("no_logo_false_positive_rate_at_0_89"),
    }


def trial_tables(trial: Trial) -> RenderableType:
    """The measures, the classes (of many the worst), and what became of the files."""
    return Group(_measures(trial), _classes(trial.tested), _files(trial), "")


def _measures(trial: Trial) -> Table:
    table = Table("measure", title=f"Measured on {len(trial.test.pictures)} pictures it never saw")
    table.add_column("test", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("held out of train", justify="right")
    ranges, crossed = _ranges(trial.tested), overall(trial.held_out)
    for name, value in overall(trial.tested).items():
        table.add_row(
            MEASURES[name],
            _figure(value),
            ranges.get(name, "no such picture"),
            _figure(crossed[name]),
        )
    return table


def _ranges(evaluation: Evaluation) -> dict[str, str]:
    """How far those measures that are shares of pictures may be off, for so few pictures."""
    flagged = evaluation.confidence > FLAG_CONFIDENCE
    flagged &= evaluation.predicted != evaluation.no_logo
    right = evaluation.predicted == evaluation.labels
    branded = evaluation.labels != evaluation.no_logo
    counts = {
        "top1": (right.sum(), len(right)),
        "precision": ((flagged & right).sum(), flagged.sum()),
        "recall": ((flagged & right & branded).sum(), branded.sum()),
        "no_logo_fpr": ((flagged & ~branded).sum(), (~branded).sum()),
    }
    found = {name: _range(int(part), int(whole)) for name, (part, whole) in counts.items() if whole}
    return {"macro_f1": "", "ece": "", **found}


def _range(part: int, whole: int) -> str:
    low, high = likely_range(part, whole)
    return f"{part} of {whole}: {low:.3f} to {high:.3f}"


def _classes(evaluation: Evaluation) -> Table:
    rows = [row for row in _rows(evaluation.per_class()) if row["pictures"]]
    rows.sort(key=lambda row: row["f1"])
    title = "Classes, the lowest F1 first"
    if len(rows) > MOST_CLASSES:
        title = f"The {MOST_CLASSES} of {len(rows)} classes of lowest F1"
    table = Table("class", title=title)
    for name in ("pictures", "precision", "recall", "F1", "PR-AUC", "ROC-AUC"):
        table.add_column(name, justify="right")
    for row in rows[:MOST_CLASSES]:
        figures = (row[key] for key in ("precision", "recall", "f1", "pr_auc", "roc_auc"))
        table.add_row(Text(row["class"]), str(row["pictures"]), *map(_figure, figures))
    return table


def _files(trial: Trial) -> Table:
    table = Table("files", title="What became of the files")
    table.add_column("train", justify="right")
    table.add_column("test", justify="right")
    sides = [_folder(trial.train), _folder(trial.test)]
    table.add_row("pictures used", *(str(side["pictures"]) for side in sides))
    for part, words in (("converted", "used, though"), ("left_out", ""), ("unreadable", "")):
        for name in sorted({name for side in sides for name in side[part]}):
            counts = (str(side[part].get(name, 0)) for side in sides)
            plain = name.replace("_", " ")
            table.add_row(Text(f"{words} {plain}" if words else f"not used: {plain}"), *counts)
    return table


def _folder(folder: PictureFolder) -> dict[str, Any]:
    return {
        "directory": str(folder.directory),
        "pictures": len(folder.pictures),
        "converted": dict(sorted(folder.converted.items())),
        "left_out": {name: count for name, count in sorted(folder.left_out.items()) if count},
        "unreadable": dict(sorted(folder.unreadable.items())),
    }


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
