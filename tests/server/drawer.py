"""A small real drawer behind the fleet's interface: no model, but every seed its own picture.

It draws step by step in threads, reports progress, can be held, made to fail and cancelled, so the
HTTP layer meets everything a fleet can do to it, in milliseconds.
"""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from pipelines.errors import Cancelled
from pipelines.messages import Progress
from pipelines.types import ImageRequest, Pixels


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

    def script(self, prompt: str, **what: object) -> Script:
        self.scripts[prompt] = Script(**what)  # type: ignore[arg-type]
        return self.scripts[prompt]

    def submit(
        self, request: ImageRequest, on_progress: Callable[[Progress], None] | None = None
    ) -> Future[Pixels]:
        script = self.scripts.get(request.prompt, Script())
        if script.refuse is not None and script.refusals_left:
            script.refusals_left -= 1
            raise script.refuse
        self._prompts[request.id] = request.prompt
        self.drawn.append(request)
        return self._threads.submit(self._draw, request, script, on_progress)

    def cancel(self, request_id: str) -> None:
        self._cancelled.add(request_id)
        script = self.scripts.get(self._prompts.get(request_id, ""))
        if script is not None:
            script.cancelled.set()

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _draw(
        self,
        request: ImageRequest,
        script: Script,
        on_progress: Callable[[Progress], None] | None,
    ) -> Pixels:
        for step in range(1, request.steps + 1):
            script.started.set()
            if script.gate is not None and not script.gate.wait(20):
                raise TimeoutError("nobody opened the gate")
            if request.id in self._cancelled:
                raise Cancelled("the caller left")
            if request.seed in script.fail_at:
                raise script.fail_at[request.seed]
            script.steps_done += 1
            if on_progress is not None:
                on_progress(Progress(request.id, step, request.steps, 0.1 * (request.steps - step)))
        return paint(request)


def paint(request: ImageRequest) -> Pixels:
    """Soft noise that depends on everything a picture should depend on. Shapes: [h, w, 3]."""
    words = (request.prompt, request.negative_prompt, request.seed, request.guidance, request.steps)
    digest = hashlib.sha256(repr(words).encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8]))
    return rng.integers(40, 216, (request.size.height, request.size.width, 3), dtype=np.uint8)
