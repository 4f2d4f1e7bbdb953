"""What the engine itself costs per request and denoising step, with a denoiser that does nothing.

Tiny instances of the real pipeline classes; every denoiser forward is answered with a ready tensor.
What is left is our scheduler, keys, merging, splitting and switching, plus the pipeline's own work
between two forwards. Timed from the moment when all requests wait for their first step to the last
step's end, in processor time, which other work on the machine disturbs less than the clock. The
same with a single request in the engine shows what company costs, and with a preview of every one
of its steps what a preview adds to a step. The same pipeline called without an engine, by turns
with it, shows what the pipeline does between two forwards by itself.

    python -m benchmarks.engine_overhead [--quick] [--json]
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from pipelines.catalog import StandIn
from pipelines.cost import StepCost
from pipelines.engine import Engine
from pipelines.errors import GenerationError
from pipelines.families.embedded import FAMILY
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, Digests, merge, run, split
from pipelines.parity.case import Case
from pipelines.parity.registry import CASES
from pipelines.rules import RULES
from pipelines.trial import draw_trial, learn_to_paint
from pipelines.types import Bitmap, ImageRequest, Pixels, Size

FAMILIES = ("sdxl", "flux", "qwen_image", "z_image")
REQUESTS = 16
TARGET_US = 100.0
_HEADINGS = ("engine", "least", "most", "no engine", "one request", "a preview", "target")


@dataclass(frozen=True, slots=True)
class Overhead:
    """Microseconds per request and denoising step: median, least and most over the rounds."""

    family: str
    engine_us: float
    engine_us_min: float
    engine_us_max: float
    pipeline_us: float
    """What the pipeline itself does between two forwards: called without an engine."""
    alone_us: float
    """The same with one request in the engine, which merges nothing."""
    preview_us: float
    """What a preview adds to a step; 0 where the model has none. Its latents are as small as the
    rest: on a GPU this is what the step's own thread pays, and the rest is the device's."""
    target_us: float = TARGET_US


class _Idle:
    """Runs calls, but answers a denoiser's with what it said the first time for those rows."""

    def __init__(self) -> None:
        self._answers: dict[tuple[int, ...], Any] = {}

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is not Lane.DENOISE:
            return run(calls)
        rows = tuple(call.rows for call in calls)
        alone = len(calls) == 1
        # Merging and splitting are the engine's own work and stay in the figure.
        arguments = calls[0].arguments if alone else merge(calls)
        if rows not in self._answers:
            return_dict = alone and calls[0].return_dict
            self._answers[rows] = calls[0].module(**arguments, return_dict=return_dict)
        return [self._answers[rows]] if alone else split(self._answers[rows], calls)


class _CaseFamily:
    """Hands the case's own arguments to the engine."""

    name = "overhead"
    limits = replace(FAMILY.limits, min_side=64)
    abilities = FAMILY.abilities
    pipeline = FAMILY.pipeline

    def __init__(self, case: Case, steps: int) -> None:
        self._case, self._steps = case, steps

    native_size = FAMILY.native_size
    steps = FAMILY.steps
    guidance = FAMILY.guidance

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        number = request.seed % len(self._case.prompts)
        return self._case.arguments(number) | {"num_inference_steps": self._steps}


class _Nobody:
    def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None:
        pass

    def preview(self, request_id: str, step: int, steps: int, bitmap: Bitmap) -> None:
        pass

    def worded(self, request_id: str, prompt: str, why: str) -> None:
        pass

    def done(self, request_id: str, pixels: Pixels) -> None:
        pass

    def failed(self, request_id: str, error: GenerationError) -> None:
        raise error


def measure(name: str, steps: int, rounds: int) -> Overhead:
    """Median over the rounds, after one that only warms up."""
    pipe = CASES[name].build()
    pipe.set_progress_bar_config(disable=True)
    models, idle = Models(torch.device("cpu")), _Idle()
    family = _CaseFamily(CASES[name], steps)
    resident = models.add(StandIn(name, name, Path(), "none"), family, pipe)
    resident.cost = StepCost(((1.0, 1.0), (1e9, 1.1)))  # a knee out of reach
    resident.painter = learn_to_paint(draw_trial(resident, Digests()))
    engine = Engine(models, _Nobody(), run=idle)
    together, without = [], []
    for _ in range(rounds + 1):
        together.append(_timed(engine, name, steps, REQUESTS))
        without.append(_without_engine(pipe, CASES[name], steps))
    del together[0], without[0]
    alone = [_timed(engine, name, steps, 1) for _ in range(rounds + 1)][1:]
    shown = [_timed(engine, name, steps, 1, previews=True) for _ in range(rounds + 1)][1:]
    return Overhead(
        name,
        statistics.median(together),
        min(together),
        max(together),
        statistics.median(without),
        statistics.median(alone),
        statistics.median(shown) - statistics.median(alone),
    )


def _timed(
    engine: Engine, name: str, steps: int, requests: int, *, previews: bool = False
) -> float:
    """Microseconds per request-step between the first and the last step of all requests."""
    for number in range(requests):
        engine.submit(_request(name, number, steps, previews))
    while {Lane.DENOISE} != {parked.lane for parked in engine.parked()}:
        engine.step()
    gc.collect()
    gc.freeze()  # as a worker does after loading: a full collection is not a step's cost
    started_s = time.process_time()
    while all(parked.lane is Lane.DENOISE for parked in engine.parked()):
        engine.step()
    seconds = time.process_time() - started_s
    while engine.step():
        pass
    return seconds / (requests * steps) * 1e6


def _without_engine(pipe: Any, case: Case, steps: int) -> float:
    """Microseconds per step of the pipeline's own call, its denoiser answered as in the engine."""
    denoiser = next(c for c in pipe.components.values() if type(c).__name__ in RULES)
    real, answers = denoiser.forward, list[Any]()
    called_s: list[float] = []

    def idle(*args: Any, **kwargs: Any) -> Any:
        called_s.append(time.process_time())
        if not answers:
            answers.append(real(*args, **kwargs))
        return answers[0]

    denoiser.forward = idle
    try:
        pipe(**case.arguments(0) | {"num_inference_steps": steps, "output_type": "np"})
    finally:
        del denoiser.forward  # the class's own shows again
    calls_per_step = len(called_s) // steps
    after_the_first = called_s[calls_per_step:]
    seconds = after_the_first[-1] - after_the_first[0]
    return seconds / ((len(after_the_first) - 1) / calls_per_step) * 1e6


def _request(name: str, number: int, steps: int, previews: bool) -> ImageRequest:
    shown = tuple(range(1, steps + 1)) if previews else ()
    size = Size(64, 64)
    return ImageRequest(
        f"r{number}", name, "", size, steps, guidance=1.0, seed=number, preview_steps=shown
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer steps and rounds")
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    steps, rounds = (10, 2) if options.quick else (50, 7)
    results = [measure(name, steps, rounds) for name in FAMILIES]
    if options.json:
        sys.stdout.write(json.dumps({"results": [asdict(r) for r in results]}, indent=2) + "\n")
        return 0
    table = Table(title=f"µs per request-step, {REQUESTS} requests", title_justify="left")
    table.add_column("family")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for r in results:
        ours = (r.engine_us, r.engine_us_min, r.engine_us_max)
        figures = (*ours, r.pipeline_us, r.alone_us, r.preview_us, r.target_us)
        table.add_row(r.family, *(f"{figure:.0f}" for figure in figures))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
