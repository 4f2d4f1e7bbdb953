"""Compares requests that were drawn together with the same calls of a pipeline alone.

Each request alone runs on a pipeline of its own; together they arrive one after the other and share
forwards. As a control the same is drawn once more with every merged forward's timesteps handed to
the wrong rows: if that changed nothing, the comparison would prove nothing.

Knows how to drive the engine, and no family.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from pipelines.catalog import StandIn
from pipelines.engine import Engine
from pipelines.errors import GenerationError
from pipelines.families.base import USUAL_SCALE, Abilities, Quality
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, forward, merge, mixed, split
from pipelines.merge import run as run_merged
from pipelines.modular import silence
from pipelines.parity.case import Arrival, Case
from pipelines.rules import RULES
from pipelines.types import Bitmap, ImageRequest, Limits, Pixels, Size

TOLERANCE = 1e-5
"""Largest difference of latents that passes, over their largest value: float32 on a CPU, where the
order of additions changes with the number of rows. All families stay below a third of it."""
_CONTROL = 100 * TOLERANCE
"""What wrong timesteps have to change at least: far beyond rounding."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture, and the latents it was decoded from."""

    pixels: Pixels
    latents: torch.Tensor


@dataclass(frozen=True, slots=True)
class Forward:
    """One forward of a denoiser: how many calls shared it, with how many rows in all."""

    calls: int
    rows: int
    mixed: bool
    """Whether the pictures' sizes differed."""


@dataclass(frozen=True, slots=True)
class Together:
    """What came of requests that shared forwards."""

    drawings: Mapping[str, Drawing]
    forwards: Sequence[Forward]


Runner: TypeAlias = Callable[[Sequence[Call]], list[Any]]
"""Runs calls with equal keys in one forward: what the engine takes, and a control replaces."""

DrawTogether: TypeAlias = Callable[[Case, Runner, torch.device], Together]
"""Draws all requests of a case as they arrive, every forward through the given runner."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How close together is to alone, for one family."""

    family: str
    denoiser: str
    uint8_max: int
    latents_max: float
    scale: float
    """Largest value of the latents, by which `latents_max` is to be judged."""
    negative_control_differs: bool
    """Also proves that requests met: within one request all rows have the same time."""
    rows_shared: int
    """Rows that ran in a forward with another call's."""
    forwards: int
    rows_mixed: int
    """Rows that shared a forward with a picture of another size; None has to, without `mixes`."""
    mixes: bool = False

    @property
    def passed(self) -> bool:
        return (
            self.uint8_max <= 1
            and self.latents_max <= TOLERANCE * self.scale
            and self.rows_shared > 0
            and (self.rows_mixed > 0 or not self.mixes)
            and self.negative_control_differs
        )


def compare(case: Case, device: str = "cpu", draw_together: DrawTogether | None = None) -> Outcome:
    """Draw a case's requests alone, together, and together with swapped timesteps.

    Raises: whatever a pipeline or a merged forward raises.
    """
    draw, where = draw_together or draw_with_engine, torch.device(device)
    with torch.no_grad():
        alone = {a.id: draw_alone(case, a, where) for a in case.arrivals()}
        together = draw(case, run_merged, where)
        control = draw(case, run_with_swapped_timesteps, where)
    scale = max(float(drawing.latents.abs().max()) for drawing in alone.values())
    return Outcome(
        family=case.family,
        denoiser=denoiser_of(case.build()),
        uint8_max=_pixels_apart(alone, together.drawings),
        latents_max=_latents_apart(alone, together.drawings),
        scale=scale,
        negative_control_differs=_latents_apart(alone, control.drawings) > _CONTROL * scale,
        rows_shared=sum(f.rows for f in together.forwards if f.calls > 1),
        forwards=len(together.forwards),
        rows_mixed=sum(f.rows for f in together.forwards if f.mixed),
        mixes=case.mixes,
    )


def draw_alone(case: Case, arrival: Arrival, device: torch.device) -> Drawing:
    """Call a pipeline of its own, as anybody would."""
    pipe, latents = _prepare(case, device)
    generator = torch.Generator("cpu").manual_seed(arrival.seed)
    image = np.asarray(case.draw(pipe, generator, arrival.arguments))[0]
    return Drawing((image * 255).round().astype(np.uint8), latents[-1])


def draw_with_engine(
    case: Case,
    run: Runner,
    device: torch.device,
    *,
    arrivals: Sequence[Arrival] | None = None,
    step_cache_budget: float | None = None,
) -> Together:
    """Submit each request to one engine once enough forwards are over, and run it to the end."""
    pipe, latents = _prepare(case, device)
    waiting = list(arrivals or case.arrivals())
    recorder, results = _Recorder(run), _Results(latents)
    models = Models(device)
    stand_in = StandIn(case.family, family=case.family, folder=Path(), licence="none")
    models.add(stand_in, _CaseFamily(waiting), pipe)
    engine = Engine(
        models, results, clock=lambda: 0.0, run=recorder, step_cache_budget=step_cache_budget
    )
    while waiting or not engine.idle:
        while waiting and (engine.idle or waiting[0].after_forwards <= len(recorder.forwards)):
            engine.submit(_request(case, waiting.pop(0)))
        engine.step()
    if recorder.error is not None:
        raise recorder.error  # the engine went on without merging, but then nothing is compared
    return Together(results.drawings, recorder.forwards)


def run_with_swapped_timesteps(calls: Sequence[Call]) -> list[Any]:
    """The negative control's runner: each row of a shared forward gets another request's time."""
    if len(calls) == 1:
        return run_merged(calls)
    arguments = merge(calls)
    name = next(name for name in ("timestep", "timesteps", "t") if name in arguments)
    packed = arguments[name].ndim > 1  # one time per token, all in one row
    own = calls[0].rows * (calls[0].tokens or 1) if packed else calls[0].rows
    arguments[name] = arguments[name].roll(own, -1)
    return split(forward(calls, arguments), calls)


def denoiser_of(pipe: Any) -> str:
    """The class name of the pipeline's first component that has a `Rule`."""
    names = [type(component).__name__ for component in pipe.components.values()]
    return next(name for name in names if name in RULES)


class _Recorder:
    """Runs calls as told, and remembers the denoiser's forwards and the first failure."""

    def __init__(self, run: Runner) -> None:
        self.forwards: list[Forward] = []
        self.error: Exception | None = None
        self._run = run

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE:
            rows = sum(call.rows for call in calls)
            self.forwards.append(Forward(len(calls), rows, mixed(calls)))
        try:
            return self._run(calls)
        except Exception as error:
            self.error = self.error or error
            raise


class _Results:
    """The engine's listener. Latents are decoded one request at a time, right before its end."""

    def __init__(self, latents: Sequence[torch.Tensor]) -> None:
        self.drawings: dict[str, Drawing] = {}
        self._latents = latents

    def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None:
        pass

    def preview(self, request_id: str, step: int, steps: int, bitmap: Bitmap) -> None:
        pass

    def worded(self, request_id: str, prompt: str, why: str) -> None:
        pass

    def done(self, request_id: str, pixels: Pixels) -> None:
        self.drawings[request_id] = Drawing(pixels, self._latents[-1])

    def failed(self, request_id: str, error: GenerationError) -> None:
        raise error


class _CaseFamily:
    """Hands the case's own arguments to the engine."""

    name = "parity"
    limits = Limits(min_side=1, max_side=4096, grid=1, max_steps=1000)
    abilities = Abilities()

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self._arguments = {arrival.id: arrival.arguments for arrival in arrivals}

    def pipeline(self, request: ImageRequest) -> str | None:
        return None

    def native_size(self, wanted: Size) -> Size:
        return wanted

    def steps(self, quality: Quality) -> int:
        return {"low": 4, "standard": 8, "high": 16}[quality]

    def guidance(self, scale: float | None, usual: float = USUAL_SCALE) -> float:
        return 1.0 if scale is None else scale

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        return dict(self._arguments[request.id])


def _request(case: Case, arrival: Arrival) -> ImageRequest:
    return ImageRequest(
        id=arrival.id,
        model=case.family,
        prompt=str(arrival.arguments["prompt"]),
        size=_size(arrival),
        steps=arrival.steps,
        guidance=float(arrival.arguments[case.guidance]),
        seed=arrival.seed,
    )


def _size(arrival: Arrival) -> Size:
    """Some pipelines take no size: they draw as large as the picture that they begin from."""
    arguments = arrival.arguments
    if "width" in arguments:
        return Size(arguments["width"], arguments["height"])
    return Size(*arguments["image"].size)


def _prepare(case: Case, device: torch.device) -> tuple[Any, list[torch.Tensor]]:
    """A fresh pipeline, and the list to which it will add all latents that it decodes."""
    pipe = case.build().to(device)
    silence(pipe)
    latents: list[torch.Tensor] = []
    decode = pipe.vae.decode

    def watched(*args: Any, **kwargs: Any) -> Any:
        value = args[0] if args else next(iter(kwargs.values()))
        latents.append(value.detach().to("cpu", torch.float32, copy=True))
        return decode(*args, **kwargs)

    pipe.vae.decode = watched
    return pipe, latents


def _pixels_apart(a: Mapping[str, Drawing], b: Mapping[str, Drawing]) -> int:
    return max(int(np.abs(a[i].pixels.astype(int) - b[i].pixels).max()) for i in a)


def _latents_apart(a: Mapping[str, Drawing], b: Mapping[str, Drawing]) -> float:
    return max(float((a[i].latents - b[i].latents).abs().max()) for i in a)
