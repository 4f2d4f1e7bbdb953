"""What ageing buys and costs: the dial of the scheduler on two workloads, on a virtual clock.

- mixed: sizes whose costs are within ten of each other, as in `benchmarks.scheduler_sim`
- short: 60 % pictures of 0.18 s, 30 % of 0.85 s, 8 % of 3.6 s, 2 % of 19.8 s, one at a time

A request of the short workload is on time within three times what it takes alone and half a second.

    python -m benchmarks.ageing [--quick] [--json]
"""

import argparse
import json
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.scheduler_sim import WORKLOADS, Rows, figures, ours, workload
from pipelines.lanes import Lane
from pipelines.scheduler import Parked, Policy, Scheduler

LOAD = 0.85
AGEINGS = (0.0, 0.02, 0.15, 0.5)
GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests that cost the same. Units: seconds."""

    share: float
    side: int
    steps: int
    step_s: float
    fixed_s: float
    """Encoding and decoding."""

    @property
    def alone_s(self) -> float:
        return self.steps * self.step_s + self.fixed_s


SHORT = (
    Kind(0.60, 512, 4, 0.040, 0.020),
    Kind(0.30, 1024, 8, 0.100, 0.050),
    Kind(0.08, 1024, 28, 0.125, 0.050),
    Kind(0.02, 2048, 28, 0.700, 0.200),
)


@dataclass(frozen=True, slots=True)
class Result:
    """One setting of the dial: means over the seeds."""

    policy: str
    one_shape_mean_s: float
    one_shape_p99_s: float
    one_shape_on_time: float
    any_shape_mean_s: float
    any_shape_p99_s: float
    any_shape_on_time: float
    short_on_time: float
    short_p99_of_512_s: float
    short_p99_of_2048_s: float


@dataclass(frozen=True, slots=True)
class _Answer:
    kind: Kind
    took_s: float

    @property
    def on_time(self) -> bool:
        return self.took_s <= 3 * self.kind.alone_s + GRACE_S


def draw_short(count: int, seed: int, scheduler: Scheduler) -> list[_Answer]:
    """Poisson arrivals of the short workload, one row a step, in the scheduler's order."""
    rng, now_s = random.Random(seed), 0.0
    rate = LOAD / sum(kind.share * kind.alone_s for kind in SHORT)
    coming: list[tuple[str, float, Kind]] = []
    for number in range(count):
        now_s += rng.expovariate(rate)
        [kind] = rng.choices(SHORT, [kind.share for kind in SHORT])
        coming.append((f"r{number:05}", now_s, kind))
    coming.reverse()
    now_s, answers = 0.0, []
    live: dict[str, tuple[Parked, Kind, int]] = {}
    while coming or live:
        if not live:
            now_s = max(now_s, coming[-1][1])
        while coming and coming[-1][1] <= now_s:
            name, arrived_s, kind = coming.pop()
            live[name] = _parked(name, arrived_s, kind, kind.steps), kind, kind.steps
        [name] = scheduler.next([parked for parked, *_ in live.values()], now_s)
        parked, kind, left = live.pop(name)
        now_s += kind.step_s
        if left > 1:
            live[name] = _parked(name, parked.arrived_s, kind, left - 1), kind, left - 1
        else:
            now_s += kind.fixed_s
            answers.append(_Answer(kind, now_s - parked.arrived_s))
    return answers


def _parked(name: str, arrived_s: float, kind: Kind, left: int) -> Parked:
    return Parked(
        id=name,
        lane=Lane.DENOISE,
        key=name,
        tokens=1.0,
        knee=1.0,
        rows=1,
        remaining_s=left * kind.step_s + kind.fixed_s,
        isolated_s=kind.alone_s,
        arrived_s=arrived_s,
    )


def measure(policy: Policy, ageing: float, quick: bool) -> Result:
    """Run one setting of the dial over both workloads."""
    count, seeds = (150, range(2)) if quick else (400, range(8))
    shapes = []
    for rows in (Rows.APART, Rows.PACKED):
        runs = []
        for seed in seeds:
            jobs = workload(WORKLOADS["mixed"], LOAD, count, seed)
            ours(jobs, Scheduler(policy, ageing), rows)
            mean_s, _, _, p99_s, on_time = figures(jobs)
            runs.append((mean_s, p99_s, on_time))
        shapes.append(_means(runs))
    short_count, short_seeds = (500, range(3, 4)) if quick else (4000, range(3, 7))
    short = _means(
        [_short_figures(draw_short(short_count, s, Scheduler(policy, ageing))) for s in short_seeds]
    )
    one_shape, any_shape = shapes
    name = f"srpt, {ageing:g}" if policy is Policy.SRPT else str(policy)
    return Result(name, *one_shape, *any_shape, *short)


def _short_figures(answers: Sequence[_Answer]) -> tuple[float, float, float]:
    def p99_s(side: int) -> float:
        took = sorted(answer.took_s for answer in answers if answer.kind.side == side)
        return took[int(0.99 * len(took))]

    on_time = statistics.mean(answer.on_time for answer in answers)
    return on_time, p99_s(512), p99_s(2048)


def _means(runs: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    first, second, third = (statistics.mean(column) for column in zip(*runs, strict=True))
    return first, second, third


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer requests and seeds")
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args(arguments)
    dial = [*((Policy.SRPT, ageing) for ageing in AGEINGS), (Policy.EDF, 0.0), (Policy.FCFS, 0.0)]
    results = [measure(policy, ageing, options.quick) for policy, ageing in dial]
    if options.json:
        sys.stdout.write(json.dumps({"results": [asdict(r) for r in results]}, indent=2) + "\n")
    else:
        Console(width=None if sys.stdout.isatty() else 120).print(_table(results))
    return 0


def _table(results: Sequence[Result]) -> Table:
    table = Table(title=f"The ageing dial at load {LOAD}", title_justify="left")
    table.add_column("policy")
    headings = (
        *("mixed, one shape: mean s", "p99 s", "on time"),
        *("mixed, any shape: mean s", "p99 s", "on time"),
        *("short: on time", "p99 of 512² s", "p99 of 2048² s"),
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for result in results:
        policy, *numbers = asdict(result).values()
        shares = (2, 5, 6)
        cells = (f"{n:.2f}" if i in shares else f"{n:.1f}" for i, n in enumerate(numbers))
        table.add_row(policy, *cells)
    return table


if __name__ == "__main__":
    sys.exit(main())
