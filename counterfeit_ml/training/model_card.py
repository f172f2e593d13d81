"""The model card: what a model is for, what it learned from, how good it is, where it fails."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from counterfeit_ml.brands import NO_LOGO
from counterfeit_ml.training.dataset import TrainingSet
from counterfeit_ml.training.evaluation import FLAG_CONFIDENCE, Evaluation, likely_range

NAMED = 5  # classes named where there may be hundreds
LONGEST_NAME = 60
LONGEST_CARD = 5000  # characters that MLflow keeps of a version's description
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&$])")


def model_card(
    data: TrainingSet, held_out: Evaluation, label_issues: int, recipe: Mapping[str, Any]
) -> str:
    """Markdown of at most 5,000 characters; names are shown as they are, never as markup."""
    environment = Environment(  # noqa: S701  Markdown, which finalize escapes
        finalize=_escaped, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    template = files("counterfeit_ml.training").joinpath("model_card.md").read_text("utf-8")
    counts = data.counts()
    card = environment.from_string(template).render(
        label_sets=_listed(data.label_sets),
        brands=len(set(data.classes) - {NO_LOGO}),
        classes=len(data.classes),
        pictures=len(data.digests),
        fewest=min(counts.values()),
        most=max(counts.values()),
        scarce=_listed(sorted(counts, key=lambda name: counts[name])[:NAMED]),
        held_out=len(held_out.labels),
        threshold=FLAG_CONFIDENCE,
        figures=_figures(held_out),
        weakest=_listed(_weakest(held_out)),
        label_issues=label_issues,
        recipe={_cut(str(name)): _cut(str(value)) for name, value in recipe.items()},
    )
    return card[:LONGEST_CARD]


def _figures(held_out: Evaluation) -> dict[str, str]:
    found = held_out.metrics()
    at = f"above {FLAG_CONFIDENCE}"
    shown = {
        "accuracy": f"{found['accuracy']:.3f}",
        "macro-F1": f"{found['macro_f1']:.3f}",
        "expected calibration error": f"{found['ece']:.3f}",
        f"precision {at}": f"{found['precision_at_0_89']:.3f}",
        f"recall {at}": f"{found['recall_at_0_89']:.3f}",
    }
    plain = int((held_out.labels == held_out.no_logo).sum())
    if plain:
        rate = found["no_logo_false_positive_rate_at_0_89"]
        low, high = likely_range(round(rate * plain), plain)
        interval = f"95 % interval {low:.3f} to {high:.3f}"
        shown[f"false positives {at}, of {plain} without a logo"] = f"{rate:.3f} ({interval})"
    return shown


def _weakest(held_out: Evaluation) -> list[str]:
    table = held_out.per_class()
    order = np.argsort(table["recall"], kind="stable")
    shown = [index for index in order if table["pictures"][index]]
    return [f"{table['class'][index]} ({table['recall'][index]:.2f})" for index in shown[:NAMED]]


def _listed(names: tuple[str, ...] | list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(_cut(name) for name in names[:NAMED]) + more


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def _escaped(value: Any) -> Any:
    """Text whose every Markdown and HTML sign is shown as it is, on one line."""
    if not isinstance(value, str):
        return value
    return MARKDOWN.sub(r"\\\1", " ".join(value.split()))
