"""A small real drawer behind the fleet's interface: no model, but every seed its own picture.

It draws step by step in threads, reports progress and previews, can be held, made to fail and
cancelled, so the HTTP layer meets everything a fleet can do to it, in milliseconds.
"""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from pipelines.errors import Cancelled
from pipelines.messages import News, Preview, Progress, Worded
from pipelines.presence import Presence, WorkerView
from pipelines.types import Bitmap, ImageRequest, Pixels, Size

Hear: TypeAlias = Callable[[News], None]


@dataclass
class Script:
    """What happens to the requests of one prompt."""

    refuse: Exception | None = None
    """Raised by submit."""
    refusals_left: int = 1_000_000
    fail_at: dict[int, Exception] = field(default_factory=dict)
    """Raised by the picture whose seed this is."""
    gate: threading.Event | None = None
    """Every step waits for it."""
    gate_from: int = 1
    """The first step that does; -1 is the last."""
    gated_seed: int | None = None
    """Only the picture of this seed waits; None means all."""
    died_after: int | None = None
    """After this step it begins once more, as a fleet does whose worker has died."""
    why: str = ""
    """Why other words were not found, if they were wanted."""
    started: threading.Event = field(default_factory=threading.Event)
    cancelled: threading.Event = field(default_factory=threading.Event)
    steps_done: int = 0


class Drawer:
    """Implements what `server.service.Fleet` asks for."""

    def __init__(self) -> None:
        self.ready = True
        self.reason = ""
        self.scripts: dict[str, Script] = {}
        self.drawn: list[ImageRequest] = []
        self._cancelled: set[str] = set()
        self._prompts: dict[str, str] = {}
        self._threads = ThreadPoolExecutor(16)
        models = (Presence("embedded", "resident", 1000),)
        self.workers = (WorkerView(0, "paper", True, "", models),)

    def script(self, prompt: str, **what: object) -> Script:
        self.scripts[prompt] = Script(**what)  # type: ignore[arg-type]
        return self.scripts[prompt]

    def submit(self, request: ImageRequest, on_progress: Hear | None = None) -> Future[Pixels]:
        script = self.scripts.get(request.prompt, Script())
        if script.refuse is not None and script.refusals_left:
            script.refusals_left -= 1
            raise script.refuse
        self._prompts[request.id] = request.prompt
        self.drawn.append(request)
        return self._threads.submit(self._draw, request, script, on_progress or (lambda _: None))

    def cancel(self, request_id: str) -> None:
        self._cancelled.add(request_id)
        script = self.scripts.get(self._prompts.get(request_id, ""))
        if script is not None:
            script.cancelled.set()

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _draw(self, request: ImageRequest, script: Script, hear: Hear) -> Pixels:
        if request.rewriting is not None:
            hear(Worded(request.id, f"{request.rewriting.said}, in other words", script.why))
        first_life = range(1, (script.died_after or 0) + 1)
        for step in (*first_life, *range(1, request.steps + 1)):
            self._step(request, script, step)
            hear(Progress(request.id, step, request.steps, 0.1 * (request.steps - step)))
            if step in request.preview_steps:
                hear(Preview(request.id, step, request.steps, sketch(request, step)))
        return paint(request)

    def _step(self, request: ImageRequest, script: Script, step: int) -> None:
        script.started.set()
        if script.gate is not None and step >= script.gate_from % (request.steps + 1):
            mine = script.gated_seed in (None, request.seed)
            if mine and not script.gate.wait(20):
                raise TimeoutError("nobody opened the gate")
        if request.id in self._cancelled:
            raise Cancelled("the caller left")
        if request.seed in script.fail_at:
            raise script.fail_at[request.seed]
        script.steps_done += 1


def sketch(request: ImageRequest, step: int) -> Bitmap:
    """An eighth of the picture's size, and brighter from step to step."""
    size = Size(max(1, request.size.width // 8), max(1, request.size.height // 8))
    grey = 200 * step // request.steps
    return Bitmap.of(np.full((size.height, size.width, 3), grey, np.uint8))


def paint(request: ImageRequest) -> Pixels:
    """Soft noise that depends on everything a picture should depend on. Shapes: [h, w, 3]."""
    words = (request.prompt, request.negative_prompt, request.seed, request.guidance, request.steps)
    digest = hashlib.sha256(repr(words).encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8]))
    return rng.integers(40, 216, (request.size.height, request.size.width, 3), dtype=np.uint8)
