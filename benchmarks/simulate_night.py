"""What a night of scoring takes, from ten thousand to a hundred million listings.

A discrete-event simulation of `score_listings`: one task plans, shards wait for a worker, workers
straggle and die, one task publishes and one validates. Costs are those of docs/scaling.md. Prints
its tables and draws docs/images/night.svg; the same seed gives the same night.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from rich.console import Console
from rich.table import Table

from counterfeit_ml.scoring.planning import MAX_SHARDS, SHARD_PICTURES

LISTINGS = [10**power for power in range(4, 9)]
WORKERS = [1, 2, 8, 32, 128]
S3_SERVERS = [1, 4, 16]
NIGHT_HOURS = 8
NIGHTS = 9
"""Simulated for each figure, which is their median."""
SEED = 2018
PLOT = Path(__file__).parents[1] / "docs" / "images" / "night.svg"


@dataclass(frozen=True)
class Costs:
    """Seconds, as measured; see docs/scaling.md, which says where each is from."""

    picture_cpu: float = 0.0068
    """Fetch, decode and inference of one picture on one core."""
    s3_pictures: float = 1200.0
    """Pictures that one S3 server gives out in a second, whoever asks."""
    plan: float = 0.23 / 100_000
    publish: float = 1.0 / 100_000
    validate: float = 0.2 / 100_000
    """Of one listing each."""
    task: float = 4.0
    """Of a task until its work begins: sent, started, imported, the model loaded."""


@dataclass(frozen=True)
class Fleet:
    """The workers, and what goes wrong with them."""

    workers: int
    cores: int = 2
    spread: float = 0.1
    """Standard deviation of the logarithm of a shard's time."""
    stragglers: float = 0.02
    """Share of the shards that take ``slow`` times as long: a noisy neighbour, a slow disk."""
    slow: float = 4.0
    deaths_per_hour: float = 0.01
    """Of one worker; a machine of a cloud's spare capacity is taken away about so often."""
    silence: float = 35.0
    """Until Airflow gives a dead worker's shard up; see the settings in docs/scaling.md."""
    retry_delay: float = 10.0
    replaced: float = 180.0
    """Until there is a machine in the place of a dead one."""


@dataclass(frozen=True)
class Plan:
    """How the work is cut."""

    shard: int = SHARD_PICTURES
    most: int = MAX_SHARDS

    def shards(self, pictures: int) -> list[int]:
        """Pictures of each shard."""
        size = max(self.shard, math.ceil(pictures / self.most))
        return [min(size, pictures - start) for start in range(0, pictures, size)]


COSTS, PLAN = Costs(), Plan()


@dataclass(frozen=True)
class Night:
    """Seconds of each stage, and what was lost."""

    plan: float
    score: float
    publish: float
    deaths: int
    lost: float
    """Seconds of work that had to be done again."""

    @property
    def total(self) -> float:
        """From the first task to the last."""
        return self.plan + self.score + self.publish


def night(
    listings: int, new: float, fleet: Fleet, costs: Costs, plan: Plan, seed: int = SEED
) -> Night:
    """One night of so many listings, of whose pictures the share ``new`` has no score yet."""
    random = np.random.default_rng([seed, listings, fleet.workers, round(new * 1000)])
    scoring = Scoring(plan.shards(round(listings * new)), fleet, costs, random)
    scoring.run()
    return Night(
        2 * costs.task + costs.plan * listings,
        scoring.now,
        2 * costs.task + (costs.publish + costs.validate) * listings,
        scoring.deaths,
        scoring.lost,
    )


@dataclass
class Shard:
    """One shard on one worker."""

    number: int
    pictures: int
    begins: float
    """When its first picture is asked for, seconds of the night."""
    left: float
    """Pictures."""
    rate: float
    """Pictures a second, where S3 is fast enough."""
    began: float
    dies: float


class Scoring:
    """Shards on workers that share one S3."""

    def __init__(
        self, shards: list[int], fleet: Fleet, costs: Costs, random: np.random.Generator
    ) -> None:
        self.fleet, self.costs, self.random = fleet, costs, random
        self.waiting = [(0.0, number, pictures) for number, pictures in enumerate(shards)]
        self.free = [0.0] * fleet.workers
        self.running: list[Shard] = []
        self.now = self.lost = 0.0
        self.deaths = 0

    def run(self) -> None:
        """Until the last shard is done."""
        while self.waiting or self.running:
            self._start()
            rates = self._rates()
            following = min(self._events(rates))
            for shard, rate in zip(self.running, rates, strict=True):
                shard.left -= rate * (following - self.now)
            self.now = following
            self._end()

    def _start(self) -> None:
        while self.waiting and self.free and max(self.waiting[0][0], self.free[0]) <= self.now:
            _, number, pictures = heapq.heappop(self.waiting)
            heapq.heappop(self.free)
            self.running.append(self._shard(number, pictures))

    def _shard(self, number: int, pictures: int) -> Shard:
        slow = self.fleet.slow if self.random.random() < self.fleet.stragglers else 1
        noise = math.exp(self.random.normal(0, self.fleet.spread)) * slow
        return Shard(
            number,
            pictures,
            begins=self.now + self.costs.task,
            left=pictures,
            rate=self.fleet.cores / self.costs.picture_cpu / noise,
            began=self.now,
            dies=self.now + self.random.exponential(3600 / self.fleet.deaths_per_hour),
        )

    def _rates(self) -> list[float]:
        """Of each running shard; what S3 gives is shared evenly by those that could take more."""
        left, rates = self.costs.s3_pictures, [0.0] * len(self.running)
        asking = [place for place, one in enumerate(self.running) if one.begins <= self.now]
        asking.sort(key=lambda place: self.running[place].rate)
        for others, place in zip(range(len(asking), 0, -1), asking, strict=True):
            rates[place] = min(self.running[place].rate, left / others)
            left -= rates[place]
        return rates

    def _events(self, rates: list[float]) -> Iterator[float]:
        for shard, rate in zip(self.running, rates, strict=True):
            yield shard.dies
            yield self.now + shard.left / rate if rate else shard.begins
        if self.waiting and self.free:
            yield max(self.waiting[0][0], self.free[0])

    def _end(self) -> None:
        for shard in [one for one in self.running if min(one.left, one.dies - self.now) < 1e-6]:
            self.running.remove(shard)
            if shard.left < 1e-6:
                heapq.heappush(self.free, self.now)
            else:
                self._die(shard)

    def _die(self, shard: Shard) -> None:
        self.deaths += 1
        self.lost += self.now - shard.began
        noticed = self.now + self.fleet.silence + self.fleet.retry_delay
        heapq.heappush(self.waiting, (noticed, shard.number, shard.pictures))
        heapq.heappush(self.free, self.now + self.fleet.replaced)


def nights(
    listings: int, new: float, fleet: Fleet, costs: Costs = COSTS, plan: Plan = PLAN
) -> list[Night]:
    """As many nights as a figure is the median of."""
    return [night(listings, new, fleet, costs, plan, SEED + each) for each in range(NIGHTS)]


def hours(found: list[Night]) -> float:
    """The median night's."""
    return median(one.total for one in found) / 3600


def _time(found: list[Night]) -> str:
    took = hours(found) * 60
    return f"{took:.0f} min" if took < 120 else f"{took / 60:.1f} h"


def _named(workers: int) -> str:
    return f"{workers} worker{'s' if workers > 1 else ''}"


def _by_workers(new: float, title: str) -> Table:
    table = Table("listings", *map(_named, WORKERS), title=title)
    for listings in LISTINGS:
        row = (_time(nights(listings, new, Fleet(workers))) for workers in WORKERS)
        table.add_row(f"{listings:,}", *row)
    return table


def _by_s3(workers: int) -> Table:
    title = f"A new champion scores everything, {workers} workers"
    table = Table("listings", *(f"{servers} S3 servers" for servers in S3_SERVERS), title=title)
    for listings in LISTINGS:
        costs = (replace(COSTS, s3_pictures=COSTS.s3_pictures * servers) for servers in S3_SERVERS)
        row = (_time(nights(listings, 1.0, Fleet(workers), one)) for one in costs)
        table.add_row(f"{listings:,}", *row)
    return table


def _stages(workers: int) -> Table:
    title = f"Where a new champion's night goes, {workers} workers"
    table = Table("listings", "shards", "pictures each", "plan", "score", "publish", title=title)
    for listings in LISTINGS:
        cut = PLAN.shards(listings)
        found = nights(listings, 1.0, Fleet(workers))
        parts = (
            median(getattr(one, part) for one in found) for part in ("plan", "score", "publish")
        )
        shares = (f"{part / 60:.0f} min" for part in parts)
        table.add_row(f"{listings:,}", str(len(cut)), f"{cut[0]:,}", *shares)
    return table


def _faults() -> Iterator[tuple[str, Fleet, Plan]]:
    yield "2 % of shards straggle, a death in 100 hours", Fleet(32), PLAN
    yield "no stragglers", Fleet(32, stragglers=0), PLAN
    yield "no deaths", Fleet(32, deaths_per_hour=0.0001), PLAN
    yield "a death an hour and worker", Fleet(32, deaths_per_hour=1), PLAN
    yield (
        "the same, noticed after Airflow's 300 s",
        Fleet(32, deaths_per_hour=1, silence=310),
        Plan(),
    )
    yield "the same, 1,024 shards", Fleet(32, deaths_per_hour=1), Plan(most=1024)


def _tails() -> Table:
    title = "Stragglers and deaths: 10,000,000 pictures, 32 workers, 4 S3 servers"
    costs = replace(COSTS, s3_pictures=COSTS.s3_pictures * 4)
    table = Table("case", "score", "deaths", "work lost", title=title)
    for name, fleet, plan in _faults():
        found = nights(10**7, 1.0, fleet, costs, plan)
        score = median(one.score for one in found) / 60
        deaths = median(one.deaths for one in found)
        lost = median(one.lost for one in found) / 60
        table.add_row(name, f"{score:.0f} min", f"{deaths:.0f}", f"{lost:.0f} min")
    return table


def draw(path: Path) -> None:
    """Hours of a night by listings, a line for each number of workers."""
    mpl.rcParams["svg.hashsalt"] = "night"
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for axis, new, title in zip(
        axes, (0.01, 1.0), ("a usual night: 1 % new", "a new champion: all"), strict=True
    ):
        for workers in WORKERS:
            found = [hours(nights(listings, new, Fleet(workers))) for listings in LISTINGS]
            axis.loglog(LISTINGS, found, marker="o", label=_named(workers))
        axis.axhline(NIGHT_HOURS, color="black", linestyle=":")
        axis.set(title=title, xlabel="listings")
        axis.grid(alpha=0.3)
    more = replace(COSTS, s3_pictures=COSTS.s3_pictures * S3_SERVERS[-1])
    found = [hours(nights(listings, 1.0, Fleet(WORKERS[-1]), more)) for listings in LISTINGS]
    label = f"{_named(WORKERS[-1])}, {S3_SERVERS[-1]} S3 servers"
    axes[1].loglog(LISTINGS, found, marker="o", linestyle="--", color="black", label=label)
    axes[1].legend(handles=axes[1].get_lines()[-1:])
    axes[0].set_ylabel("hours")
    axes[0].annotate(f"a night of {NIGHT_HOURS} hours", (LISTINGS[0], NIGHT_HOURS * 1.15))
    axes[0].legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Print the tables and draw the plot."""
    console = Console(width=110)
    console.print(_by_workers(0.01, "A usual night: 1 % of the pictures are new"))
    console.print(_by_workers(1.0, "A new champion scores everything"))
    console.print(_by_s3(128))
    console.print(_stages(8))
    console.print(_tails())
    PLOT.parent.mkdir(exist_ok=True)
    draw(PLOT)
    console.print(f"drawn: {PLOT}")


if __name__ == "__main__":
    main()
