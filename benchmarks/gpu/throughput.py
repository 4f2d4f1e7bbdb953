"""Part 2: pictures per second of `pipe()`, compiled `pipe()` and our engine, in turns in one run.

A picture's time is measured over a few steps and stated for the family's usual number of them:
all that is not steps is measured once, a step as often as fits.
"""

from typing import Any

import torch

from benchmarks.gpu.bench import WARM_STEPS, Bench, Timing
from benchmarks.gpu.cells import Measurement
from benchmarks.gpu.clock import Clock
from benchmarks.gpu.forwards import device_s, flops, forward_of
from benchmarks.gpu.models import Scale
from pipelines.cost import StepCost
from pipelines.types import Size

_SIDE = 8192
_COPIED = 2**31


class Ladder:
    """What the cells of one model have found, for the cell that concludes from it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.flops: dict[Size, float] = {}
        self.steps_s: dict[Size, dict[int, float]] = {}


def ceilings(device: torch.device) -> Measurement:
    """The device's own rates: a large bf16 matrix product and a large copy, on random data."""
    clock, side = Clock(device), _SIDE if device.type == "cuda" else 256
    count = _COPIED if device.type == "cuda" else 2**20
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    source = torch.randint(-128, 127, (count,), device=device, dtype=torch.int8)
    target = torch.empty_like(source)
    product_s = _repeated_s(clock, lambda: a @ b)
    copy_s = _repeated_s(clock, lambda: target.copy_(source))
    return {
        "bf16_tflop_per_s": 2 * side**3 / product_s / 1e12,
        "copy_tb_per_s": 2 * count / copy_s / 1e12,
    }


def forward(ladder: Ladder, size: Size) -> Measurement:
    """One forward of one request: its operations, and the rate that they run at."""
    bench = ladder.bench
    with torch.compiler.set_stance("force_eager"):
        call = forward_of(bench, size)
        ladder.flops[size] = flops(call)
        bench.clock.forget_peak()
        seconds = device_s(bench, call)
    return {
        "tflop": ladder.flops[size] / 1e12,
        "ms": 1000 * seconds,
        "tflop_per_s": ladder.flops[size] / seconds / 1e12,
        "peak_gib": bench.clock.peak_gib,
    }


def compilation(ladder: Ladder, sizes: tuple[Size, ...]) -> Measurement:
    """Compile the repeated blocks as diffusers documents it, and draw once at each size."""
    bench = ladder.bench
    backend = "eager" if bench.scale is Scale.TINY else "inductor"
    # One graph per width of block, and more as sizes and batches begin to vary.
    torch._dynamo.config.recompile_limit = 64
    bench.denoiser.compile_repeated_blocks(fullgraph=True, backend=backend)
    started_s = bench.clock.wait()
    for size in sizes:
        bench.time_pipe(size, WARM_STEPS)
    bench.compiled = True
    return {"backend": backend, "compile_and_first_draws_s": bench.clock.wait() - started_s}


def batch(ladder: Ladder, size: Size, pictures: int) -> Measurement:
    """`pipe()` and the engine at one batch size, by turns; eager and, where it works, compiled."""
    bench, usual = ladder.bench, ladder.bench.model.steps
    with torch.compiler.set_stance("force_eager"):
        pipe = _timed_pipe(bench, size)
        ours = _timed_engine(bench, size, pictures)
        peak_gib = bench.clock.peak_gib
    ladder.steps_s.setdefault(size, {})[pictures] = ours.step_s
    found: Measurement = {
        "pipe_s": pipe.picture_s(usual),
        "engine_s": ours.picture_s(usual, pictures),
        "engine_vs_pipe": pipe.picture_s(usual) / ours.picture_s(usual, pictures),
        "engine_step_ms": 1000 * ours.step_s,
        "engine_tflop_per_s": _rate(ladder, size, pictures, ours.step_s),
        "peak_gib": peak_gib,
    }
    return found | (_compiled(ladder, size, pictures) if bench.compiled else _not_compiled())


def knee(ladder: Ladder, size: Size) -> Measurement:
    """Where more rows stop paying, by the engine's own rule over the steps measured above.

    Raises: LookupError: when no batch size was measured.
    """
    steps_s, usual = ladder.steps_s.get(size, {}), ladder.bench.model.steps
    if not steps_s:
        raise LookupError("no batch size was measured, so there is no knee to find")
    cost = StepCost.measured((n * size.tokens, seconds) for n, seconds in steps_s.items())
    pictures, fewest = round(cost.knee / size.tokens), min(steps_s)
    picture_s = steps_s[pictures] / pictures
    return {
        "knee_tokens": cost.knee,
        "knee_pictures": pictures,
        "largest_batch": max(steps_s),
        "denoising_s_per_picture": usual * picture_s,
        "gain_over_smallest_batch": steps_s[fewest] / fewest / picture_s,
    }


def _compiled(ladder: Ladder, size: Size, pictures: int) -> Measurement:
    bench, usual = ladder.bench, ladder.bench.model.steps
    pipe = _timed_pipe(bench, size)
    ours = _timed_engine(bench, size, pictures)
    picture_s = ours.picture_s(usual, pictures)
    return {
        "compiled_pipe_s": pipe.picture_s(usual),
        "compiled_engine_s": picture_s,
        "compiled_vs_compiled": pipe.picture_s(usual) / picture_s,
        "compiled_tflop_per_s": _rate(ladder, size, pictures, ours.step_s),
    }


def _not_compiled() -> Measurement:
    names = ("pipe_s", "engine_s", "vs_compiled", "tflop_per_s")
    return {f"compiled_{name}": None for name in names}


def _timed_pipe(bench: Bench, size: Size) -> Timing:
    return bench.time_pipe(size, bench.steps_for(bench.time_pipe(size, WARM_STEPS).step_s))


def _timed_engine(bench: Bench, size: Size, pictures: int) -> Timing:
    warm = bench.time_engine(size, WARM_STEPS, pictures)
    bench.clock.forget_peak()
    return bench.time_engine(size, bench.steps_for(warm.step_s), pictures)


def _rate(ladder: Ladder, size: Size, pictures: int, step_s: float) -> float | None:
    counted = ladder.flops.get(size)
    if counted is None:
        return None
    return counted * ladder.bench.model.forwards_per_step * pictures / step_s / 1e12


def _repeated_s(clock: Clock, call: Any, repeats: int = 10) -> float:
    for _ in range(3):
        call()
    start = clock.mark()
    for _ in range(repeats):
        call()
    return clock.seconds(start, clock.mark()) / repeats
