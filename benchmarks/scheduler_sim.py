"""The real scheduler against three ways to batch, on a virtual clock.

One device, Poisson arrivals, a published cost curve of one DiT on one GPU, fitted as
max(0.167 s, 0.059 s per 1024 tokens). It ranks policies; it predicts no server. The baselines:

- fifo: one request at a time, in order of arrival
- request-batch: the head and up to 7 others of its size and step count, run to completion
- step-batch-8: up to 8 rows of one size join and leave at step boundaries, in order of arrival
- ours: `pipelines.scheduler.Scheduler`, rows of one shape in one forward; of any shape, packed one
  after the other (Ideogram4); of any shape, filled up to the longest (Z-Image, FLUX)

    python -m benchmarks.scheduler_sim [--quick] [--json]
"""

import argparse
import json
import random
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from rich.console import Console
from rich.table import Table

from pipelines.lanes import Lane
from pipelines.scheduler import Parked, Policy, Scheduler

FLOOR_S = 0.167
S_PER_TOKEN = 0.059 / 1024
KNEE = FLOOR_S / S_PER_TOKEN
ENCODE_S = 0.03
DECODE_S_PER_TOKEN = 0.06 / 4096
ON_TIME = 3.0
"""A request is on time when it took at most this many times what it would have taken alone."""

MIXED_SIZES = ((512, 0.25), (768, 0.20), (1024, 0.45), (1536, 0.10))
STEPS = ((20, 0.4), (28, 0.4), (50, 0.2))
WORKLOADS = {
    "mixed": MIXED_SIZES,
    "1024 only": ((1024, 1.0),),
    "512 only": ((512, 1.0),),
}


def step_s(tokens: float) -> float:
    return max(FLOOR_S, S_PER_TOKEN * tokens)


@dataclass(slots=True, eq=False)
class Job:
    """One request of the workload. Units: seconds, image tokens, pixels for the side."""

    name: str
    arrived_s: float
    side: int
    steps: int
    left: int = field(init=False)
    finished_s: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.steps

    @property
    def tokens(self) -> int:
        return (self.side // 16) ** 2

    @property
    def decode_s(self) -> float:
        return DECODE_S_PER_TOKEN * self.tokens

    @property
    def isolated_s(self) -> float:
        return ENCODE_S + self.steps * step_s(self.tokens) + self.decode_s

    @property
    def latency_s(self) -> float:
        return self.finished_s - self.arrived_s


@dataclass(frozen=True, slots=True)
class Result:
    """Means over the seeds of each figure."""

    workload: str
    load: float
    policy: str
    mean_s: float
    p50_s: float
    p95_s: float
    p99_s: float
    on_time: float


def workload(sizes: Sequence[tuple[int, float]], load: float, count: int, seed: int) -> list[Job]:
    """Poisson arrivals whose work is `load` times what the device can do."""
    mean_tokens = sum(share * (side // 16) ** 2 for side, share in sizes)
    mean_steps = sum(share * steps for steps, share in STEPS)
    rate = load / (mean_tokens * S_PER_TOKEN * mean_steps)
    rng, now_s, jobs = random.Random(seed), 0.0, []
    for number in range(count):
        now_s += rng.expovariate(rate)
        jobs.append(Job(f"r{number:04}", now_s, _pick(rng, sizes), _pick(rng, STEPS)))
    return jobs


def _pick(rng: random.Random, shares: Sequence[tuple[int, float]]) -> int:
    x, total = rng.random(), 0.0
    for value, share in shares:
        total += share
        if x < total:
            return value
    return shares[-1][0]


class Device:
    """The virtual clock of one device and the requests that have arrived."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.now_s = 0.0
        self._coming = list(reversed(jobs))

    @property
    def more_to_come(self) -> bool:
        return bool(self._coming)

    def skip_to_next(self) -> None:
        self.now_s = max(self.now_s, self._coming[-1].arrived_s)

    def arrivals(self) -> Iterable[Job]:
        """Those that have arrived by now, also while this is being read."""
        while self._coming and self._coming[-1].arrived_s <= self.now_s:
            yield self._coming.pop()

    def finish(self, job: Job) -> None:
        self.now_s += job.decode_s
        job.finished_s = self.now_s


def run_to_completion(jobs: Sequence[Job], most: int) -> None:
    """The head of the queue and up to `most` - 1 others like it, start to end."""
    device, waiting = Device(jobs), list[Job]()
    while waiting or device.more_to_come:
        if not waiting:
            device.skip_to_next()
        waiting.extend(device.arrivals())
        head = waiting[0]
        like = [j for j in waiting if (j.side, j.steps) == (head.side, head.steps)][:most]
        for job in like:
            waiting.remove(job)
        device.now_s += ENCODE_S + head.steps * step_s(sum(j.tokens for j in like))
        device.now_s += sum(job.decode_s for job in like)
        for job in like:
            job.finished_s = device.now_s


def step_batch(jobs: Sequence[Job], most: int = 8) -> None:
    """Rows of one size join at step boundaries in order of arrival; a misfit head blocks."""
    device, waiting, live = Device(jobs), list[Job](), list[Job]()
    while waiting or live or device.more_to_come:
        if not waiting and not live:
            device.skip_to_next()
        waiting.extend(device.arrivals())
        while waiting and len(live) < most and (not live or live[0].side == waiting[0].side):
            device.now_s += ENCODE_S
            live.append(waiting.pop(0))
        _take_step(device, live, live)


class Rows(StrEnum):
    """What rows of unlike shapes may do in one forward."""

    APART = "apart"
    PACKED = "packed"
    FILLED_UP = "filled up"


def ours(jobs: Sequence[Job], scheduler: Scheduler, rows: Rows) -> None:
    """Our scheduler chooses every step; newcomers encode when they arrive, as in the baselines."""
    device, live = Device(jobs), list[Job]()
    while live or device.more_to_come:
        if not live:
            device.skip_to_next()
        for job in device.arrivals():
            device.now_s += ENCODE_S
            live.append(job)
        parked = [_parked(job, rows) for job in live]
        chosen = set(scheduler.next(parked, device.now_s))
        group = [job for job in live if job.name in chosen]
        _take_step(device, live, group, filled_up=rows is Rows.FILLED_UP)


def _take_step(
    device: Device, live: list[Job], group: Sequence[Job], *, filled_up: bool = False
) -> None:
    group = list(group)
    longest = max(job.tokens for job in group)
    device.now_s += step_s(sum(longest if filled_up else job.tokens for job in group))
    for job in group:
        job.left -= 1
    for job in [job for job in group if job.left == 0]:
        live.remove(job)
        device.finish(job)


def _parked(job: Job, rows: Rows) -> Parked:
    return Parked(
        id=job.name,
        lane=Lane.DENOISE,
        key="any" if rows is Rows.PACKED else job.side,
        mixed_key="any" if rows is Rows.FILLED_UP else None,
        tokens=job.tokens,
        knee=KNEE,
        rows=1,
        # The work as the curve counts it beyond the knee, which is what a busy device sees.
        remaining_s=job.left * job.tokens * S_PER_TOKEN,
        isolated_s=job.isolated_s,
        arrived_s=job.arrived_s,
    )


POLICIES: dict[str, Callable[[Sequence[Job]], None]] = {
    "fifo": lambda jobs: run_to_completion(jobs, 1),
    "request-batch": lambda jobs: run_to_completion(jobs, 8),
    "step-batch-8": step_batch,
    "ours, one shape, FCFS": lambda jobs: ours(jobs, Scheduler(Policy.FCFS), Rows.APART),
    "ours, one shape": lambda jobs: ours(jobs, Scheduler(), Rows.APART),
    "ours, one shape, EDF": lambda jobs: ours(jobs, Scheduler(Policy.EDF), Rows.APART),
    "ours, any shape, FCFS": lambda jobs: ours(jobs, Scheduler(Policy.FCFS), Rows.PACKED),
    "ours, any shape": lambda jobs: ours(jobs, Scheduler(), Rows.PACKED),
    "ours, any shape, EDF": lambda jobs: ours(jobs, Scheduler(Policy.EDF), Rows.PACKED),
    "ours, filled up": lambda jobs: ours(jobs, Scheduler(), Rows.FILLED_UP),
}


def measure(name: str, load: float, policy: str, count: int, seeds: int) -> Result:
    """Run one policy over every seed of a workload."""
    rows = []
    for seed in range(seeds):
        jobs = workload(WORKLOADS[name], load, count, seed)
        POLICIES[policy](jobs)
        rows.append(figures(jobs))
    means = [statistics.mean(column) for column in zip(*rows, strict=True)]
    return Result(name, load, policy, *means)


def figures(jobs: Sequence[Job]) -> tuple[float, float, float, float, float]:
    """Mean, median, 95th and 99th percentile of the seconds, and the share that was on time."""
    latencies = sorted(job.latency_s for job in jobs)

    def percentile(share: float) -> float:
        return latencies[min(len(latencies) - 1, int(share * len(latencies)))]

    on_time = sum(job.latency_s <= ON_TIME * job.isolated_s for job in jobs) / len(jobs)
    return (
        statistics.mean(latencies),
        percentile(0.50),
        percentile(0.95),
        percentile(0.99),
        on_time,
    )


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on our figure relative to a baseline's, at load 0.85."""

    workload: str
    policy: str
    baseline: str
    figure: str
    at_most: float

    def reached(self, results: Sequence[Result]) -> float:
        """Our figure as a share of the baseline's."""
        by_policy = {r.policy: r for r in results if r.workload == self.workload and r.load == 0.85}
        mine, other = by_policy[self.policy], by_policy[self.baseline]
        return float(getattr(mine, self.figure) / getattr(other, self.figure))


TARGETS = (
    Target("mixed", "ours, one shape", "step-batch-8", "mean_s", 0.56),
    Target("mixed", "ours, one shape", "step-batch-8", "p99_s", 0.80),
    Target("mixed", "ours, any shape", "step-batch-8", "mean_s", 0.45),
    Target("mixed", "ours, any shape", "step-batch-8", "p99_s", 0.67),
    Target("mixed", "ours, filled up", "step-batch-8", "mean_s", 0.56),
    Target("mixed", "ours, filled up", "step-batch-8", "p99_s", 0.80),
    Target("1024 only", "ours, one shape, FCFS", "fifo", "mean_s", 1.01),
    Target("1024 only", "ours, one shape", "fifo", "mean_s", 1.0),
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="2 seeds of 150 requests, not 8 of 400"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    options = parser.parse_args(arguments)
    count, seeds = (150, 2) if options.quick else (400, 8)
    runs = [("mixed", 0.85), ("mixed", 0.70), ("1024 only", 0.85), ("512 only", 0.85)]
    results = [
        measure(name, load, policy, count, seeds) for name, load in runs for policy in POLICIES
    ]
    if options.json:
        sys.stdout.write(json.dumps(_report(results), indent=2) + "\n")
    else:
        _print(results)
    return 0


def _report(results: Sequence[Result]) -> dict[str, object]:
    targets = [asdict(t) | {"reached": round(t.reached(results), 3)} for t in TARGETS]
    return {"results": [asdict(result) for result in results], "targets": targets}


def _print(results: Sequence[Result]) -> None:
    console = Console()
    for name, load in dict.fromkeys((r.workload, r.load) for r in results):
        table = Table(title=f"{name}, load {load}", title_justify="left")
        for heading in ("policy", "mean s", "p50 s", "p95 s", "p99 s", "on time"):
            table.add_column(heading, justify="left" if heading == "policy" else "right")
        for r in results:
            if (r.workload, r.load) == (name, load):
                seconds = (r.mean_s, r.p50_s, r.p95_s, r.p99_s)
                table.add_row(r.policy, *(f"{s:.1f}" for s in seconds), f"{r.on_time:.2f}")
        console.print(table)
    table = Table(title="Against the baselines, at load 0.85", title_justify="left")
    for heading in ("workload", "policy", "figure", "baseline", "at most", "reached"):
        table.add_column(heading)
    for t in TARGETS:
        reached = t.reached(results)
        row = (t.workload, t.policy, t.figure, t.baseline, f"{t.at_most:.2f}", f"{reached:.3f}")
        table.add_row(*row, style=None if reached <= t.at_most else "red")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
