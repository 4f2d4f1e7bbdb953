"""Part 3, traffic: pictures of mixed sizes arrive at random, at our engine and at a plain loop.

The loop takes them in order of arrival, one `pipe()` call each. Both get equal arrivals in real
time. Goodput is the share answered within three times what the picture takes alone.
"""

import random
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.gpu.bench import WARM_STEPS, Bench, Timing, Wanted
from benchmarks.gpu.cells import Measurement
from benchmarks.gpu.models import Scale
from pipelines.types import Size

PATIENCE = 3.0
_FEWEST, _ENOUGH, _MOST = 6, 40, 200
"""Pictures of a trace: at least, wished for, and at most."""
_FEWEST_STEPS = 4
_WAIT_S = 0.001


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of the trace. Units: seconds since its begin."""

    at_s: float
    wanted: Wanted
    alone_s: float


def traffic(bench: Bench, sizes: Sequence[Size], load: float, allowance_s: float) -> Measurement:
    """Offer `load` times what the loop can do, for about the time that is allowed."""
    began_s = time.monotonic()
    timings = {size: _timed_alone(bench, size) for size in sizes}
    # Above its capacity the loop takes longer than the arrivals last.
    each_side_s = (allowance_s - (time.monotonic() - began_s)) / 2.5 * min(load, 1.0)
    steps, pictures = _extent(bench, timings, each_side_s)
    alone_s = {size: timing.picture_s(steps) for size, timing in timings.items()}
    mean_s = statistics.mean(alone_s.values())
    arrivals = poisson(bench, alone_s, load / mean_s, pictures, steps)
    engine_s, engine_total_s = by_engine(bench, arrivals)
    loop_s, loop_total_s = by_loop(bench, arrivals)
    return {
        "load": load,
        "pictures": pictures,
        "steps": steps,
        "alone_mean_s": mean_s,
        "loop_mean_s": statistics.mean(loop_s),
        "engine_mean_s": statistics.mean(engine_s),
        "mean_ratio": statistics.mean(engine_s) / statistics.mean(loop_s),
        "loop_p99_s": p99(loop_s),
        "engine_p99_s": p99(engine_s),
        "p99_ratio": p99(engine_s) / p99(loop_s),
        "loop_goodput": goodput(loop_s, arrivals),
        "engine_goodput": goodput(engine_s, arrivals),
        "loop_pictures_per_s": pictures / loop_total_s,
        "engine_pictures_per_s": pictures / engine_total_s,
    }


def poisson(
    bench: Bench, alone_s: Mapping[Size, float], rate: float, pictures: int, steps: int
) -> list[Arrival]:
    """Equal seeds give equal traces, up to the measured times."""
    chance = random.Random(7)
    at_s, arrivals = 0.0, []
    for number in range(pictures):
        size = chance.choice(list(alone_s))
        # Equal prompts: lengths that cannot meet are no question of size.
        changed = bench.arguments(Wanted(0, size, steps))
        arrivals.append(Arrival(at_s, Wanted(number, size, steps, changed), alone_s[size]))
        at_s += chance.expovariate(rate)
    return arrivals


def by_loop(bench: Bench, arrivals: Sequence[Arrival]) -> tuple[list[float], float]:
    """Seconds from each arrival to its picture, and of it all."""
    began_s = bench.clock.wait()
    latencies_s = []
    for arrival in arrivals:
        _wait_until(began_s + arrival.at_s)
        bench.draw(arrival.wanted)
        latencies_s.append(time.perf_counter() - began_s - arrival.at_s)
    return latencies_s, time.perf_counter() - began_s


def by_engine(bench: Bench, arrivals: Sequence[Arrival]) -> tuple[list[float], float]:
    """The same through the engine as it serves: its own cost, scheduler and largest batch."""
    engine, answers = bench.engine(cost=None, max_rows=16)
    coming = list(arrivals)
    ended_s: dict[str, float] = {}
    began_s = bench.clock.wait()
    while coming or not engine.idle:
        while coming and began_s + coming[0].at_s <= time.perf_counter():
            bench.submit(engine, coming.pop(0).wanted)
        if not engine.step() and coming:
            _wait_until(began_s + coming[0].at_s)
        for request_id in answers.pixels.keys() - ended_s.keys():
            ended_s[request_id] = time.perf_counter() - began_s
    latencies_s = [ended_s[arrival.wanted.id] - arrival.at_s for arrival in arrivals]
    return latencies_s, time.perf_counter() - began_s


def p99(latencies_s: Sequence[float]) -> float:
    """The nearest rank: of fewer than a hundred the largest."""
    ordered = sorted(latencies_s)
    return ordered[-(-99 * len(ordered) // 100) - 1]


def goodput(latencies_s: Sequence[float], arrivals: Sequence[Arrival]) -> float:
    """The share that came within `PATIENCE` times its time alone."""
    pairs = zip(latencies_s, arrivals, strict=True)
    return sum(s <= PATIENCE * arrival.alone_s for s, arrival in pairs) / len(arrivals)


def _extent(bench: Bench, timings: Mapping[Size, Timing], seconds: float) -> tuple[int, int]:
    """Steps and number of pictures: the usual steps, unless too few pictures would be drawn."""
    if bench.scale is Scale.TINY:
        return WARM_STEPS, _FEWEST
    steps = bench.model.steps
    while steps > _FEWEST_STEPS and seconds < _ENOUGH * _mean_s(timings, steps):
        steps -= 1
    return steps, max(_FEWEST, min(_MOST, int(seconds / _mean_s(timings, steps))))


def _mean_s(timings: Mapping[Size, Timing], steps: int) -> float:
    return statistics.mean(timing.picture_s(steps) for timing in timings.values())


def _timed_alone(bench: Bench, size: Size) -> Timing:
    bench.time_pipe(size, WARM_STEPS)
    return bench.time_pipe(size, WARM_STEPS)


def _wait_until(moment_s: float) -> None:
    while (left_s := moment_s - time.perf_counter()) > 0:
        time.sleep(min(left_s, _WAIT_S))
