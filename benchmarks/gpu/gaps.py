"""Part 1, gaps: how long the device idles in a step, and what our engine adds on the host."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.gpu.bench import WARM_STEPS, Bench, Wanted
from benchmarks.gpu.cells import Measurement
from benchmarks.gpu.forwards import device_s, forward_of, kernel_s
from pipelines.lanes import Lane
from pipelines.merge import Call, merge, run, split
from pipelines.types import Size

_ROUNDS = 2
_REQUESTS = 8
_STEPS = 10
TARGET_US = 100.0


def step_gap(bench: Bench, size: Size) -> Measurement:
    """One picture at a time, `pipe()` and engine by turns; the forward alone beside them."""
    steps = bench.steps_for(bench.time_pipe(size, WARM_STEPS).step_s)
    bench.time_engine(size, WARM_STEPS, pictures=1)
    pipe_s, engine_s = [], []
    for _ in range(_ROUNDS):
        pipe_s.append(bench.time_pipe(size, steps).step_s)
        engine_s.append(bench.time_engine(size, steps, pictures=1).step_s)
    call = forward_of(bench, size)
    forwards = bench.model.forwards_per_step
    forward_s, busy_s = device_s(bench, call), kernel_s(bench, call)
    step_s = statistics.median(pipe_s)
    return {
        "pipe_step_ms": 1000 * step_s,
        "engine_step_ms": 1000 * statistics.median(engine_s),
        "forwards_per_step": forwards,
        "forward_ms": 1000 * forward_s,
        "kernels_ms": None if busy_s is None else 1000 * busy_s,
        "idle_per_step_ms": None if busy_s is None else 1000 * (step_s - forwards * busy_s),
        "outside_forward_ms": 1000 * (step_s - forwards * forward_s),
        "engine_adds_us": 1e6 * (statistics.median(engine_s) - step_s),
    }


class _Idle:
    """Answers a denoiser's calls with what it said the first time for such rows."""

    def __init__(self, bench: Bench) -> None:
        self._clock = bench.clock
        self._outputs: dict[tuple[int, ...], Any] = {}
        self.seconds = 0.0
        """Spent in the components, which is not the engine's."""

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        rows = tuple(call.rows for call in calls)
        if calls[0].lane is Lane.DENOISE and rows in self._outputs:
            if len(calls) == 1:
                return [self._outputs[rows]]
            merge(calls)  # merging and splitting are the engine's work
            return split(self._outputs[rows], calls)
        started_s = self._clock.wait()
        if calls[0].lane is not Lane.DENOISE:
            values = run(calls)
        elif len(calls) == 1:
            values = [calls[0].run_alone()]
            self._outputs[rows] = values[0]
        else:
            self._outputs[rows] = calls[0].module(**merge(calls), return_dict=False)
            values = split(self._outputs[rows], calls)
        self.seconds += self._clock.wait() - started_s
        return values


def overhead(bench: Bench, size: Size) -> Measurement:
    """Host time of engine and pipelines per request and step, with a denoiser that does nothing."""
    idle = _Idle(bench)
    engine, answers = bench.engine(run=idle)
    per_step_us = []
    for _ in range(_ROUNDS + 1):
        answers.pixels.clear()
        idle.seconds = 0.0
        started_s = bench.clock.wait()
        for number in range(_REQUESTS):
            changed = bench.arguments(Wanted(0, size, _STEPS))
            bench.submit(engine, Wanted(number, size, _STEPS, changed))
        while engine.step():
            pass
        host_s = time.perf_counter() - started_s - idle.seconds
        per_step_us.append(1e6 * host_s / (_REQUESTS * _STEPS))
    return {
        "requests": _REQUESTS,
        "us_per_request_step": statistics.median(per_step_us[1:]),
        "target_us": TARGET_US,
    }
