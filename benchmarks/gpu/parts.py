"""What each part measures, in the order in which it is worth most should the time not suffice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import torch

from benchmarks.gpu.architectures import MODELS
from benchmarks.gpu.bench import Bench
from benchmarks.gpu.cells import Cell, Group, Measurement
from benchmarks.gpu.exactness import parity, parity_in_float32
from benchmarks.gpu.gaps import overhead, step_gap
from benchmarks.gpu.lanes import lanes
from benchmarks.gpu.models import Model, Scale
from benchmarks.gpu.throughput import Ladder, batch, ceilings, compilation, forward, knee
from benchmarks.gpu.traffic import traffic
from pipelines.types import Size

SETS_OUT = MappingProxyType(
    {
        "parity": (
            "Drawn together against `pipe()` alone. `gates_exact`: by itself through the engine,"
            " bit for bit. `rounding`: each row among copies of itself, so only kernels differ."
            " `same_shape`: against those copies, 0 where a kernel treats equal rows equally."
            " `control`: timesteps swapped between rows."
        ),
        "parity, float32": (
            "The same with the published widths, few layers, float32 without TF32: one level of"
            " 255 at most."
        ),
        "step gap": (
            "Per step, one picture at a time. `idle`: no kernel runs. `outside_forward`: between"
            " the forwards."
        ),
        "engine overhead": (
            "Host time of engine and pipeline per request and step; the denoiser does nothing."
        ),
        "ceilings": "The device's own rates, on random data.",
        "forward": "One eager forward of one request.",
        "compilation": "`compile_repeated_blocks(fullgraph=True)`, as diffusers documents it.",
        "batch": (
            "Seconds per picture at the family's usual steps, from a few measured ones; all"
            " columns of a row were measured by turns. `engine_vs_pipe`: times faster."
        ),
        "knee": "From the measured steps, by the rule that the engine schedules with.",
        "lanes": "Encoding is a stand-in of the encoders' widths and depths, not the encoders.",
        "traffic": (
            "Poisson arrivals of mixed sizes, in real time. `load`: offered over what the loop can"
            " do. `goodput`: share within three times the time alone. With fewer than a hundred"
            " pictures p99 is the slowest."
        ),
    }
)
"""What a table's heading says below it, by the cells' kind."""


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    scale: Scale
    small: Size
    large: Size
    batches: tuple[int, ...]
    loads: tuple[float, ...]
    compiled: frozenset[str]
    """Families that are compiled too."""

    @property
    def mixed(self) -> tuple[Size, ...]:
        side, most = self.small.width, self.large.width
        between = (side + most) // 2
        return (self.small, Size(side, between), Size(between, between), self.large)


_ALL = frozenset(model.name for model in MODELS)
FULL = Extent(Scale.FULL, Size(512, 512), Size(1024, 1024), (1, 2, 4, 8, 16), (0.7, 1.2), _ALL)
QUICK = Extent(Scale.FULL, Size(512, 512), Size(1024, 1024), (1, 4), (0.9,), _ALL)
SMOKE = Extent(Scale.TINY, Size(32, 32), Size(64, 64), (2,), (0.7,), frozenset({"flux"}))


def exactness(extent: Extent, device: torch.device) -> list[Group]:
    """Part 1: parity, gaps, the engine's own cost."""

    def cells(_: Model) -> list[Cell]:
        return [
            Cell("parity", str(extent.small), _sized(parity, extent.small)),
            Cell("parity, float32", str(extent.small), _sized(parity_in_float32, extent.small)),
            Cell("step gap", str(extent.small), _sized(step_gap, extent.small), 1),
            Cell("engine overhead", str(extent.small), _sized(overhead, extent.small)),
            Cell("step gap", str(extent.large), _sized(step_gap, extent.large), 5),
        ]

    return [_group(model, extent, device, cells(model), Bench) for model in MODELS]


def throughput(extent: Extent, device: torch.device) -> list[Group]:
    """Part 2: pictures per second. Large batches of large pictures come last."""
    sizes = (extent.large, extent.small)

    def ladder(*made: Any) -> Ladder:
        return Ladder(Bench(*made))

    def cells(model: Model) -> list[Cell]:
        first = [Cell("forward", str(size), _sized(forward, size)) for size in sizes]
        if model.name in extent.compiled:
            first.append(Cell("compilation", "repeated blocks", _compilation(sizes)))
        ladders = [(size, pictures) for size in sizes for pictures in extent.batches]
        ladders.sort(key=lambda rung: rung[0].tokens * rung[1])
        steps = [
            Cell("batch", f"{size}, {n}", _batch(size, n), 2 + n * size.tokens / 1024)
            for size, n in ladders
        ]
        knees = [Cell("knee", str(size), _sized(knee, size), free=True) for size in sizes]
        return [*first, *steps, *knees]

    device_itself = Group(
        "device",
        lambda: device,
        [Cell("ceilings", "bf16", lambda subject, _: ceilings(subject))],
        weight=0.1,
    )
    groups = [_group(model, extent, device, cells(model), ladder) for model in MODELS]
    return [device_itself, *groups]


def service(extent: Extent, device: torch.device) -> list[Group]:
    """Part 3: the lanes, and mixed traffic."""

    def cells(_: Model) -> list[Cell]:
        sizes = (extent.small, extent.large)
        return [
            *(Cell("lanes", str(size), _sized(lanes, size)) for size in sizes),
            *(
                Cell("traffic", f"load {load}", _traffic(extent.mixed, load))
                for load in extent.loads
            ),
        ]

    return [_group(model, extent, device, cells(model), Bench) for model in MODELS]


PARTS: Mapping[int, tuple[str, Callable[[Extent, torch.device], list[Group]]]] = MappingProxyType(
    {
        1: ("parity and overhead", exactness),
        2: ("throughput", throughput),
        3: ("lanes and traffic", service),
    }
)


def _group(
    model: Model,
    extent: Extent,
    device: torch.device,
    cells: list[Cell],
    make: Callable[[Model, Scale, torch.device, torch.dtype], Any],
) -> Group:
    build = partial(make, model, extent.scale, device, torch.bfloat16)
    return Group(model.name, build, cells, weight=1 + model.parameters / 5e9)


def _sized(
    measure: Callable[[Any, Size], Measurement], size: Size
) -> Callable[[Any, float], Measurement]:
    return lambda subject, _: measure(subject, size)


def _compilation(sizes: tuple[Size, ...]) -> Callable[[Any, float], Measurement]:
    return lambda subject, _: compilation(subject, sizes)


def _batch(size: Size, pictures: int) -> Callable[[Any, float], Measurement]:
    return lambda subject, _: batch(subject, size, pictures)


def _traffic(sizes: tuple[Size, ...], load: float) -> Callable[[Any, float], Measurement]:
    return lambda subject, allowance_s: traffic(subject, sizes, load, allowance_s)
