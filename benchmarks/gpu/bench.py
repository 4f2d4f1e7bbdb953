"""A model on a device, and the two ways to draw with it: `pipe()` and our engine.

Both are called with equal arguments and timed alike: marks behind each denoising step of the first
picture, the first two steps left out. Knows no cell and no report.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from benchmarks.gpu.build import embeddings, pipeline
from benchmarks.gpu.clock import Clock, Mark
from benchmarks.gpu.models import Model, Scale
from pipelines.catalog import StandIn
from pipelines.cost import StepCost
from pipelines.engine import Engine
from pipelines.errors import GenerationError
from pipelines.families.base import USUAL_SCALE, Abilities, Quality
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call
from pipelines.merge import run as run_merged
from pipelines.scheduler import Scheduler
from pipelines.types import Bitmap, ImageRequest, Limits, Pixels, Size

Runner: TypeAlias = Callable[[Sequence[Call]], list[Any]]
"""Runs calls with equal keys in one forward: the engine's seam."""
EVERYTHING = StepCost(((1e12, 1.0),))
"""A knee out of reach: whatever may share a forward does."""
_SKIPPED = 2
"""Untimed steps: the first warms, and our engine pairs guidance calls from the second on."""
_TIMED_S = 0.4
WARM_STEPS = _SKIPPED + 1
"""The fewest steps that can be timed: enough to warm what comes after."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One picture: its number decides seed, prompt and length of the prompt."""

    number: int
    size: Size
    steps: int
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that replace the usual ones."""

    @property
    def id(self) -> str:
        return f"picture-{self.number}"


@dataclass(frozen=True, slots=True)
class Timing:
    """What drawing took. `step_s`: one step of all rows, guidance included."""

    total_s: float
    step_s: float
    steps: int

    def picture_s(self, steps: int, pictures: int = 1) -> float:
        """Seconds per picture, were it drawn with so many steps."""
        return (self.total_s + (steps - self.steps) * self.step_s) / pictures


class Bench:
    """One model with random weights, ready to draw."""

    def __init__(
        self, model: Model, scale: Scale, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.model, self.scale, self.device, self.dtype = model, scale, device, dtype
        self.clock = Clock(device)
        self.compiled = False
        with torch.no_grad():
            self.pipe: Any = pipeline(model, scale, device, dtype)
        self._texts: dict[int, dict[str, object]] = {}

    @property
    def denoiser(self) -> Any:
        return getattr(self.pipe, self.model.component)

    def arguments(self, wanted: Wanted) -> dict[str, Any]:
        """Of the pipeline's `__call__`, without generator and output type."""
        return {
            **self._embeddings(wanted.number),
            "width": wanted.size.width,
            "height": wanted.size.height,
            "num_inference_steps": wanted.steps,
            self.model.guidance_argument: self.model.guidance,
            **wanted.changed,
        }

    def draw(self, wanted: Wanted) -> Pixels:
        """Call the pipeline as anybody would."""
        generator = torch.Generator("cpu").manual_seed(wanted.number)
        result = self.pipe(generator=generator, output_type="np", **self.arguments(wanted))
        pixels: Pixels = (np.asarray(result.images)[0] * 255).round().astype(np.uint8)
        return pixels

    def engine(
        self, cost: StepCost | None = EVERYTHING, run: Runner = run_merged, max_rows: int = 64
    ) -> tuple[Engine, "Answers"]:
        """Our engine with this model resident. Without a cost it measures its own."""
        answers, models = Answers(), Models(self.device)
        name = self.model.name
        models.add(StandIn(name, name, Path(), "none"), _Weightless(self), self.pipe)
        engine = Engine(models, answers, Scheduler(max_rows=max_rows), run=run)
        if cost is None:
            engine.warm_up(name)
        else:
            models.get(name).cost = cost
        return engine, answers

    def submit(self, engine: Engine, wanted: Wanted) -> None:
        family = engine.models.get(self.model.name).family
        if isinstance(family, _Weightless):
            family.changed[wanted.id] = wanted.changed
        engine.submit(
            ImageRequest(
                id=wanted.id,
                model=self.model.name,
                prompt="",
                size=wanted.size,
                steps=wanted.steps,
                guidance=self.model.guidance,
                seed=wanted.number,
            )
        )

    def time_pipe(self, size: Size, steps: int) -> Timing:
        marks: list[Mark] = []
        started_s = self.clock.wait()
        self.draw(Wanted(0, size, steps, self._marking(marks)))
        return self._timing(started_s, marks)

    def time_engine(
        self, size: Size, steps: int, pictures: int, run: Runner = run_merged
    ) -> Timing:
        """All pictures come in at once and share every forward."""
        marks: list[Mark] = []
        counting = Counting(run)
        engine, _ = self.engine(run=counting)
        started_s = self.clock.wait()
        for number in range(pictures):
            # Equal prompt lengths: families that cannot pad would not meet otherwise.
            changed = self._embeddings(0) | (self._marking(marks) if number == 0 else {})
            self.submit(engine, Wanted(number, size, steps, changed))
        while engine.step():
            pass
        counting.raise_error()
        return self._timing(started_s, marks)

    def steps_for(self, step_s: float) -> int:
        """So many steps that the timed ones take a while, at least two and at most eighteen."""
        if self.scale is Scale.TINY:
            return _SKIPPED + 2
        return _SKIPPED + min(18, max(2, math.ceil(_TIMED_S / step_s)))

    def _marking(self, marks: list[Mark]) -> dict[str, Callable[..., dict[str, Any]]]:
        def mark(*_: object) -> dict[str, Any]:
            marks.append(self.clock.mark())
            return {}

        return {"callback_on_step_end": mark}

    def _timing(self, started_s: float, marks: Sequence[Mark]) -> Timing:
        total_s = self.clock.wait() - started_s
        timed = marks[_SKIPPED - 1 :]
        step_s = self.clock.seconds(timed[0], timed[-1]) / (len(timed) - 1)
        return Timing(total_s, step_s, len(marks))

    def _embeddings(self, number: int) -> dict[str, object]:
        if number not in self._texts:
            made: dict[str, object] = {}
            for text in self.model.texts:
                made |= embeddings(text, self.model, self.scale, number, self.device, self.dtype)
            self._texts[number] = made
        return self._texts[number]


class Counting:
    """Runs calls as told and counts the denoiser's forwards and the calls that shared one."""

    def __init__(self, run: Runner) -> None:
        self.forwards = 0
        self.shared = 0
        self.error: Exception | None = None
        self._run = run

    def raise_error(self) -> None:
        """The engine goes on after a failure, in smaller groups: then the figure is another's."""
        if self.error is not None:
            raise self.error

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE:
            self.forwards += 1
            self.shared += len(calls) if len(calls) > 1 else 0
        try:
            return self._run(calls)
        except Exception as error:
            self.error = self.error or error
            raise


class Answers:
    """The engine's listener: keeps the pictures, and raises what a request failed with."""

    def __init__(self) -> None:
        self.pixels: dict[str, Pixels] = {}

    def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None:
        pass

    def preview(self, request_id: str, step: int, steps: int, bitmap: Bitmap) -> None:
        pass

    def worded(self, request_id: str, prompt: str, why: str) -> None:
        pass

    def done(self, request_id: str, pixels: Pixels) -> None:
        self.pixels[request_id] = pixels

    def failed(self, request_id: str, error: GenerationError) -> None:
        raise error


class _Weightless:
    """The family of a bench: ready-made embeddings in place of prompts."""

    name = "weightless"
    limits = Limits(min_side=16, max_side=1024, grid=16, max_steps=1000)
    abilities = Abilities()

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.changed: dict[str, Mapping[str, Any]] = {}

    def pipeline(self, request: ImageRequest) -> str | None:
        return None

    def native_size(self, wanted: Size) -> Size:
        """For the engine's own measurement of its cost: small, where sharing a forward counts."""
        side = 32 if self._bench.scale is Scale.TINY else 512
        return Size(side, side)

    def steps(self, quality: Quality) -> int:
        return self._bench.model.steps

    def guidance(self, scale: float | None, usual: float = USUAL_SCALE) -> float:
        return self._bench.model.guidance

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        changed = self.changed.get(request.id, {})
        return self._bench.arguments(Wanted(request.seed, request.size, request.steps, changed))
