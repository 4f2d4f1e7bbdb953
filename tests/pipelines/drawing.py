"""What the engine's tests share: a listener that keeps books, and requests for the small model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from pipelines.catalog import EMBEDDED
from pipelines.cost import StepCost
from pipelines.engine import Engine, Runner
from pipelines.errors import GenerationError
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, run
from pipelines.types import Bitmap, ImageRequest, Pixels, Size

SIDE = 128  # smaller than native: these tests are about sharing, not about pictures


@dataclass
class Books:
    """A listener that refuses a second answer."""

    pictures: dict[str, Pixels] = field(default_factory=dict)
    errors: dict[str, GenerationError] = field(default_factory=dict)
    steps: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    """What became of the models, in order."""
    previews: dict[str, list[tuple[int, int, Bitmap]]] = field(default_factory=dict)
    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What was drawn in place of the prompt, and why if it is not rewritten."""

    def loading(self, model: str, done_bytes: int, total_bytes: int, left_s: float | None) -> None:
        self.models.append(f"{model} is loading")

    def arrived(self, model: str, cost: StepCost) -> None:
        self.models.append(f"{model} is here")

    def departed(self, model: str, load_s: float) -> None:
        self.models.append(f"{model} has left")

    def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None:
        assert eta_s >= 0
        assert request_id not in self.pictures, "progress after the answer"
        self.steps.setdefault(request_id, []).append((step, steps))

    def preview(self, request_id: str, step: int, steps: int, bitmap: Bitmap) -> None:
        assert request_id not in self.pictures, "a preview after the answer"
        self.previews.setdefault(request_id, []).append((step, steps, bitmap))

    def worded(self, request_id: str, prompt: str, why: str) -> None:
        assert request_id not in self.steps, "words after a step"
        self.words[request_id] = prompt, why

    def done(self, request_id: str, pixels: Pixels) -> None:
        self._first(request_id)
        self.pictures[request_id] = pixels

    def failed(self, request_id: str, error: GenerationError) -> None:
        self._first(request_id)
        self.errors[request_id] = error

    def _first(self, request_id: str) -> None:
        assert request_id not in self.pictures, f"{request_id} was answered twice"
        assert request_id not in self.errors, f"{request_id} was answered twice"


@dataclass
class Watched:
    """A runner that notes how many requests shared each denoiser forward."""

    inner: Runner = run
    shared: list[int] = field(default_factory=list)

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE:
            self.shared.append(len(calls))
        return self.inner(calls)


def request(name: str, **changes: Any) -> ImageRequest:
    fields: dict[str, Any] = {
        "id": name,
        "model": EMBEDDED.name,
        "prompt": f"a red circle, picture {name}",
        "size": Size(SIDE, SIDE),
        "steps": 4,
        "guidance": 3.0,
        "seed": 7,
    }
    return ImageRequest(**fields | changes)


def engine(models: Models, books: Books, runner: Runner = run) -> Engine:
    return Engine(models, books, run=runner)


def drain(drawing: Engine, after_each: Callable[[], None] = lambda: None) -> None:
    while drawing.step():
        after_each()


def stock(models: Models, wanted: ImageRequest) -> Pixels:
    """What the unmodified pipeline draws for this request, alone and without gates."""
    resident = models.get(wanted.model)
    generator = torch.Generator().manual_seed(wanted.seed)
    arguments = resident.family.arguments(wanted)
    pipe = resident.pipe_for(wanted)
    return np.asarray(pipe(generator=generator, **arguments).images[0])


def difference(one: Pixels, other: Pixels) -> int:
    """Largest difference of any byte."""
    return int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max())
