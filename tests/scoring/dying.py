"""A program that scores a day and dies, killed by itself with -9, at one point after another.

It imports everything once and forks for each point, before anything has started a thread.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from counterfeit_ml.datasets import SCORED_LISTINGS
from counterfeit_ml.errors import DiskError
from counterfeit_ml.lake import STAGING, Lake
from counterfeit_ml.scoring import plan, planning, publish, score_shard
from counterfeit_ml.settings import Settings

SHARD_PICTURES = 2
POINTS: dict[str, tuple[str, Callable[..., bool]]] = {
    "second shard planned": (
        "put",
        lambda key, _: key.startswith(f"{STAGING}/shards/") and "/00001-" in key,
    ),
    "second shard scored": ("stage", lambda *given: given[-1] == 1),
    "all staged": ("append", lambda *_: True),
    "scores copied": ("_put_manifest", lambda dataset, *_: dataset.name == "image_scores"),
    "listings written": ("_put_manifest", lambda dataset, *_: dataset == SCORED_LISTINGS),
    "all published": (
        "delete",
        lambda keys: any(key.startswith(f"{STAGING}/shards") for key in keys),
    ),
}
"""Each is the method of Lake before which the process dies, and with what arguments."""


def die_at(point: str) -> None:
    name, when = POINTS[point]
    method = getattr(Lake, name)

    def call(self: Lake, *given: Any, **named: Any) -> Any:
        if when(*given):
            os.kill(os.getpid(), signal.SIGKILL)
        return method(self, *given, **named)

    setattr(Lake, name, call)


def in_a_fork(work: Callable[[], Any]) -> int:
    """The exit status of a process that does ``work``."""
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        work()
        sys.stdout.flush()
        os._exit(0)
    return os.waitpid(process, 0)[1]


def run(ds: str, version: str) -> None:
    settings = Settings.load()
    staged = [score_shard(settings, version, shard) for shard in plan(settings, ds, version)]
    publish(settings, ds, version, staged)


def die_everywhere(ds: str, version: str) -> None:
    """Says for each point which signal ended the run, and whether the day is visible."""
    for point in POINTS:
        status = in_a_fork(lambda: (die_at(point), run(ds, version)))  # noqa: B023
        in_a_fork(lambda: say(point, os.WTERMSIG(status), visible(ds)))  # noqa: B023


def visible(ds: str) -> bool:
    return Lake(Settings.load()).exists(SCORED_LISTINGS, ds=ds)


def say(*words: Any) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def score_by_two(version: str, *shards: str) -> None:
    """Two processes at once score every other shard, the last first."""
    other = os.fork()
    for shard in reversed(shards[other == 0 :: 2]):
        score_shard(Settings.load(), version, shard)
    if other:
        os.waitpid(other, 0)


def without_disk(ds: str, version: str) -> None:
    """Says what comes of planning and publishing where no file may hold more than 100 bytes."""
    in_a_fork(lambda: refused(lambda: plan(Settings.load(), ds, version)))
    in_a_fork(lambda: refused(lambda: publish(Settings.load(), ds, version, [])))


def refused(step: Callable[[], Any]) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try:
        step()
    except DiskError as error:
        say(error)


if __name__ == "__main__":
    planning.SHARD_PICTURES = SHARD_PICTURES
    {"die": die_everywhere, "two": score_by_two, "disk": without_disk}[sys.argv[1]](*sys.argv[2:])
