"""Brings previews from the device to whoever listens, without the device or a step waiting for it.

A preview is painted behind the work that is already queued on the device and copied back while the
next step runs; it is told once it has arrived, at the latest right before its request's end. What a
picture looks like is `pipelines.painter`'s business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch

from pipelines.painter import Painter
from pipelines.types import Bitmap, Size

Tell: TypeAlias = Callable[[str, int, int, Bitmap], None]
"""Hears the request, the step, of how many, and the preview."""


@dataclass(frozen=True, slots=True)
class _OnItsWay:
    step: int
    steps: int
    pixels: torch.Tensor
    """In the host's memory; complete once `copied` has happened."""
    copied: torch.cuda.Event | None

    @property
    def arrived(self) -> bool:
        return self.copied is None or bool(self.copied.query())  # type: ignore[no-untyped-call]


class Previews:
    """The previews of all requests that are on their way."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._on_their_way: dict[str, list[_OnItsWay]] = {}

    def start(
        self,
        request_id: str,
        painter: Painter,
        latents: torch.Tensor,
        size: Size,
        of: tuple[int, int],
    ) -> None:
        """Begin to paint and to copy; `of` is the step and the number of steps."""
        painted = painter.paint(latents, size)
        if painted is None:
            return
        copied = None
        if painted.is_cuda:
            pinned = torch.empty(painted.shape, dtype=painted.dtype, pin_memory=True)
            painted = pinned.copy_(painted, non_blocking=True)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record()
        self._on_their_way.setdefault(request_id, []).append(_OnItsWay(*of, painted, copied))

    def deliver(self) -> None:
        """Tell of all that have arrived, those of one request in order."""
        for request_id, sketches in list(self._on_their_way.items()):
            while sketches and sketches[0].arrived:
                self._show(request_id, sketches.pop(0))
            if not sketches:
                del self._on_their_way[request_id]

    def finish(self, request_id: str) -> None:
        """Tell of all that are left of a request whose picture is done."""
        for sketch in self._on_their_way.pop(request_id, []):
            if sketch.copied is not None:
                sketch.copied.synchronize()
            self._show(request_id, sketch)

    def forget(self, request_id: str) -> None:
        """Drop those of a request that got no picture."""
        self._on_their_way.pop(request_id, None)

    def _show(self, request_id: str, sketch: _OnItsWay) -> None:
        bitmap = Bitmap.of(sketch.pixels.numpy())
        self._tell(request_id, sketch.step, sketch.steps, bitmap)
