"""A small engine without torch, for tests of the process around an engine: starts in no time.

Every request takes one step per turn; its pixels depend on its seed, prompt and number of steps, so
that a picture that is answered to the wrong request, or drawn half, is seen.
"""

import os
import signal
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np

from pipelines.catalog import StandIn
from pipelines.cost import StepCost
from pipelines.errors import Cancelled, GenerationError, ModelBroken, ModelFailure, UnknownModel
from pipelines.messages import Preview, WorkerSpec
from pipelines.options import EngineOptions
from pipelines.types import Bitmap, ImageRequest, Pixels, Size
from pipelines.worker import Voice

ENGINE = "tests.pipelines.strokes:build_engine"
COST = StepCost.measured([(1.0, 0.001), (1024.0, 0.1)])
UNSTABLE = "an unstable prompt"
"""A request with this prompt fails by itself, in its second step."""
DEADLY = "a deadly prompt"
"""A request with this prompt takes the whole process with it, in its second step."""


def spec(folder: Path, model: str = "strokes") -> WorkerSpec:
    """A worker whose only model is an empty folder, which must be there."""
    stand_in = StandIn(model, "embedded", folder, "Apache-2.0")
    return WorkerSpec((stand_in,), EngineOptions("cpu", threads=1), ENGINE)


def request(
    name: str,
    seed: int = 0,
    steps: int = 8,
    side: int = 64,
    model: str = "strokes",
    prompt: str = "strokes",
    preview_steps: tuple[int, ...] = (),
) -> ImageRequest:
    size = Size(side, side)
    return ImageRequest(name, model, prompt, size, steps, 3.0, seed, preview_steps=preview_steps)


def preview(wanted: ImageRequest, step: int) -> Preview:
    """What must be seen after this step."""
    canvas = picture(replace(wanted, steps=step))
    return Preview(wanted.id, step, wanted.steps, Bitmap.of(canvas[::8, ::8]))


def picture(wanted: ImageRequest) -> Pixels:
    """What must come out."""
    canvas = _blank(wanted)
    for _ in range(wanted.steps):
        canvas = _stroke(canvas)
    return canvas


def _blank(wanted: ImageRequest) -> Pixels:
    rng = np.random.default_rng([wanted.seed, crc32(wanted.prompt.encode())])
    shape = (wanted.size.height, wanted.size.width, 3)
    return rng.integers(0, 256, shape, dtype=np.uint8)


def _stroke(canvas: Pixels) -> Pixels:
    return (np.roll(canvas, 1, axis=0) * np.uint8(5) + np.uint8(1)).astype(np.uint8)


class StrokesEngine:
    device = "paper"

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._models: set[str] = set()
        self._canvases: dict[str, Pixels] = {}
        self._requests: dict[str, ImageRequest] = {}
        self._steps: dict[str, int] = {}

    @property
    def idle(self) -> bool:
        return not self._requests

    def load(self, stand_in: StandIn) -> bool:
        if not stand_in.folder.is_dir():
            raise ModelBroken(f"{stand_in.folder} is missing")
        self._models.add(stand_in.name)
        return True

    def load_s(self, name: str) -> float:
        return 0.0

    def warm_up(self, name: str) -> StepCost:
        return COST

    def submit(self, wanted: ImageRequest) -> None:
        if wanted.model not in self._models:
            raise UnknownModel(f"{wanted.model} is not here", "model")
        self._requests[wanted.id] = wanted
        self._canvases[wanted.id] = _blank(wanted)
        self._steps[wanted.id] = 0

    def cancel(self, request_id: str) -> None:
        if request_id in self._requests:
            self._end(request_id, Cancelled(f"request {request_id} was cancelled"))

    def step(self) -> bool:
        for wanted in list(self._requests.values()):
            self._advance(wanted)
        return True

    def _advance(self, wanted: ImageRequest) -> None:
        self._steps[wanted.id] += 1
        step = self._steps[wanted.id]
        self._canvases[wanted.id] = _stroke(self._canvases[wanted.id])
        self._voice.progress(wanted.id, step, wanted.steps, 0.0)
        if step in wanted.preview_steps:
            small = Bitmap.of(self._canvases[wanted.id][::8, ::8])
            self._voice.preview(wanted.id, step, wanted.steps, small)
        if step == 2 and wanted.prompt == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if step == 2 and wanted.prompt == UNSTABLE:
            self._end(wanted.id, ModelFailure("the model failed on this request"))
        elif step == wanted.steps:
            self._end(wanted.id, self._canvases[wanted.id])

    def _end(self, request_id: str, outcome: Pixels | GenerationError) -> None:
        del self._requests[request_id], self._canvases[request_id], self._steps[request_id]
        if isinstance(outcome, GenerationError):
            self._voice.failed(request_id, outcome)
        else:
            self._voice.done(request_id, outcome)


def build_engine(options: EngineOptions, listener: Voice) -> StrokesEngine:
    return StrokesEngine(listener)
