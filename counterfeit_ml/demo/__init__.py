"""The demo: the whole main job once, on the embedded stack, through Airflow's scheduler."""

import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from counterfeit_ml.brands import load_brands
from counterfeit_ml.demo.inputs import DemoInput, real_input, sample_input
from counterfeit_ml.lake import Lake
from counterfeit_ml.settings import STATE_DIR, Settings
from counterfeit_ml.stack import StackSettings, down, is_up, up

__all__ = ["demo"]


def demo(console: Console, data: Path | None) -> None:
    """Bring the stack up, take listings to flags, show and measure them; the stack stays up.

    ``data`` is a folder of real photos and a feed instead of the sample marketplace. Raises a
    ``CounterfeitError`` for whatever goes wrong. Interrupted, it stops a stack that it started.
    """
    ran_before = is_up()
    try:
        _demo(console, data)
    except KeyboardInterrupt:
        if not ran_before:
            down(console)
        raise


def _demo(console: Console, data: Path | None) -> None:
    from counterfeit_ml.demo.airflow_client import AirflowClient
    from counterfeit_ml.demo.chain import play
    from counterfeit_ml.demo.report import measure, show

    began = time.monotonic()
    day = datetime.now(UTC).date().isoformat()
    demo_input = real_input(data) if data else sample_input(STATE_DIR / "marketplace")
    up(console)
    settings, own = Settings.load(), StackSettings.load()
    _bring_labels(console, settings, demo_input)
    play(AirflowClient(own), console, day, demo_input)
    outcome = measure(settings, day, demo_input)
    show(console, outcome, day, own, settings)
    console.print(
        f"DEMO OK listings={outcome.listed} scored={outcome.scored} flagged={outcome.flagged} "
        f"precision={outcome.precision:.3f} recall={outcome.recall:.3f} "
        f"seconds={time.monotonic() - began:.0f}",
        soft_wrap=True,
        highlight=False,
    )


def _bring_labels(console: Console, settings: Settings, demo_input: DemoInput) -> None:
    from counterfeit_ml.training import import_labels

    brands = load_brands(settings.config_dir)
    summary = import_labels(Lake(settings), brands, demo_input.labels, demo_input.label_set)
    console.print(f"  labels {demo_input.label_set}: {summary}")
