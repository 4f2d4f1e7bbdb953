"""Part 1, parity: pictures drawn together against the same `pipe()` calls alone, on this device.

Four requests of one family arrive staggered, with unlike steps, guidance, seeds and prompt lengths.
They are drawn five times:

- by `pipe()` alone, twice: does the device repeat itself?
- by the engine with every forward run by itself: the gates must not change a bit;
- by the engine with every forward shared that may be;
- by the engine with every row among copies of itself, in forwards of the very same shapes: only the
  kernels differ from alone, so this is what rounding does at this precision, with no row mixed up;
- by the engine with the timesteps of shared forwards swapped: a control that must differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.gpu.bench import Bench, Counting, Runner, Wanted
from benchmarks.gpu.cells import Measurement
from benchmarks.gpu.models import Scale
from pipelines.lanes import Lane
from pipelines.merge import Arguments, Call
from pipelines.merge import run as run_merged
from pipelines.parity.compare import run_with_swapped_timesteps
from pipelines.types import Pixels, Size

_STEPS = (4, 6, 3, 5)
_GUIDANCE = (2.0, 5.0, 3.5, 7.5)
_AFTER_FORWARDS = (0, 1, 2, 4)
ROUNDING = 4.0
"""How many times further than rounding alone (root mean square) together may be from alone."""
CONTROL = 3.0
"""How many times further than together the control has to be."""
_FLOAT32 = 1e-5
"""Of the latents' largest value: differences below are float32 rounding."""


@dataclass(frozen=True, slots=True)
class Drawings:
    """Pictures and last latents by request."""

    pixels: dict[str, Pixels]
    latents: dict[str, torch.Tensor]

    def uint8_from(self, other: "Drawings") -> int:
        return max(
            int(np.abs(self.pixels[i].astype(int) - other.pixels[i]).max()) for i in self.pixels
        )

    def latents_from(self, other: "Drawings") -> float:
        return max(float((self.latents[i] - other.latents[i]).abs().max()) for i in self.latents)

    def rms_from(self, other: "Drawings") -> float:
        squares = [(self.latents[i] - other.latents[i]).square().mean() for i in self.latents]
        return float(torch.stack(squares).mean().sqrt())

    @property
    def scale(self) -> float:
        return max(float(latents.abs().max()) for latents in self.latents.values())


def run_each_alone(calls: Sequence[Call]) -> list[Any]:
    return [run_merged([call])[0] for call in calls]


def run_beside_copies(calls: Sequence[Call]) -> list[Any]:
    """Each denoiser call among copies of itself, in a forward of the shape that the calls share."""
    if calls[0].lane is not Lane.DENOISE or len(calls) == 1:
        return run_merged(calls)
    rule = calls[0].rule
    masks = {name: mask for name, mask in rule.pad.items() if mask and name in calls[0].arguments}
    lengths = {name: [call.arguments[name].shape[1] for call in calls] for name in masks}
    masks = {name: mask for name, mask in masks.items() if len(set(lengths[name])) > 1}
    values = []
    for call in calls:
        arguments = dict(call.arguments)
        for name, mask in masks.items():
            arguments |= _padded(arguments, name, mask, max(lengths[name]))
        copies = [replace(call, arguments=arguments)] * (len(calls) - 1)
        values.append(run_merged([call, *copies])[0])
    return values


def _padded(arguments: Arguments, name: str, mask_name: str, length: int) -> Arguments:
    """A text and its mask, with padding behind up to this length."""
    text, mask = arguments[name], arguments.get(mask_name)
    if mask is None:
        mask = torch.ones(text.shape[:2], dtype=torch.bool, device=text.device)
    missing = length - text.shape[1]
    return {name: F.pad(text, (0, 0, 0, missing)), mask_name: F.pad(mask, (0, missing))}


def parity(bench: Bench, size: Size, run: Runner = run_merged) -> Measurement:
    """Compare all drawings, those together drawn by `run`; `passed` is the verdict."""
    alone, again = _alone(bench, size), _alone(bench, size)
    by_itself, _ = _together(bench, size, run_each_alone)
    together, counted = _together(bench, size, run)
    copied, _ = _together(bench, size, run_beside_copies)
    control, _ = _together(bench, size, run_with_swapped_timesteps)
    rounding_rms = copied.rms_from(alone)
    together_rms = together.rms_from(alone)
    repeats = again.uint8_from(alone) == 0
    gates_exact = by_itself.uint8_from(alone) == 0
    floor = max(rounding_rms, _FLOAT32 * alone.scale)
    control_rms = control.rms_from(alone)
    exact_enough = together_rms <= ROUNDING * floor
    if bench.dtype == torch.float32:
        exact_enough = exact_enough and together.uint8_from(alone) <= 1
    differs = control_rms >= CONTROL * max(together_rms, floor)
    return {
        "passed": exact_enough and differs and counted.shared > 0 and (gates_exact or not repeats),
        "dtype": str(bench.dtype).removeprefix("torch."),
        "pipe_repeats": repeats,
        "gates_exact": gates_exact,
        "uint8_max": together.uint8_from(alone),
        "uint8_max_rounding": copied.uint8_from(alone),
        "latents_max": together.latents_from(alone),
        "latents_max_same_shape": together.latents_from(copied),
        "latents_scale": alone.scale,
        "latents_rms": together_rms,
        "latents_rms_rounding": rounding_rms,
        "latents_rms_control": control_rms,
        "forwards": counted.forwards,
        "calls_shared": counted.shared,
    }


def parity_in_float32(bench: Bench, size: Size) -> Measurement:
    """The same with the published widths, few layers and exact float32 products."""
    scale = Scale.TINY if bench.scale is Scale.TINY else Scale.SHALLOW
    shallow = Bench(bench.model, scale, bench.device, torch.float32)
    tf32 = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        return parity(shallow, size)
    finally:
        torch.backends.cudnn.allow_tf32 = tf32


def _wanted(bench: Bench, size: Size, number: int) -> Wanted:
    guided = bench.model.guidance > 1
    changed = {bench.model.guidance_argument: _GUIDANCE[number]} if guided else {}
    return Wanted(number, size, _STEPS[number], changed)


def _alone(bench: Bench, size: Size) -> Drawings:
    drawings = Drawings({}, {})
    for number in range(len(_STEPS)):
        wanted = _keeping_latents(_wanted(bench, size, number), drawings)
        drawings.pixels[wanted.id] = bench.draw(wanted)
    return drawings


def _together(bench: Bench, size: Size, run: Runner) -> tuple[Drawings, Counting]:
    counting = Counting(run)
    engine, answers = bench.engine(run=counting)
    drawings = Drawings(answers.pixels, {})
    waiting = [_wanted(bench, size, number) for number in range(len(_STEPS))]
    while waiting or not engine.idle:
        while waiting and (engine.idle or _AFTER_FORWARDS[-len(waiting)] <= counting.forwards):
            bench.submit(engine, _keeping_latents(waiting.pop(0), drawings))
        engine.step()
    counting.raise_error()
    return drawings, counting


def _keeping_latents(wanted: Wanted, drawings: Drawings) -> Wanted:
    changed = {**wanted.changed, "callback_on_step_end": _keep(wanted.id, drawings)}
    return Wanted(wanted.number, wanted.size, wanted.steps, changed)


def _keep(request_id: str, drawings: Drawings) -> Callable[..., dict[str, Any]]:
    def keep(_: object, __: int, ___: object, values: dict[str, Any]) -> dict[str, Any]:
        drawings.latents[request_id] = values["latents"].to("cpu", torch.float32, copy=True)
        return {}

    return keep
