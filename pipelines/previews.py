"""Brings previews from the device to whoever listens, without the device or a step waiting for it.

A preview is painted behind the work that is already queued on the device and copied back while the
next step runs; it is told once it has arrived, at the latest right before its request's end. What a
picture looks like is `pipelines.painter`'s business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import torch

from pipelines.painter import Painter
from pipelines.types import Bitmap, Size

Tell: TypeAlias = Callable[[str, int, int, Bitmap], None]
"""Hears the request, the step, of how many, and the preview."""


class Copied(Protocol):
    """An event of the device: a copy is complete."""

    def query(self) -> bool: ...

    def synchronize(self) -> None: ...


Fetch: TypeAlias = Callable[[torch.Tensor], tuple[torch.Tensor, Copied | None]]
"""Begins to copy from the device; the copy may be read after the event, or at once without one."""


@dataclass(frozen=True, slots=True)
class _OnItsWay:
    step: int
    steps: int
    pixels: torch.Tensor
    copied: Copied | None

    @property
    def arrived(self) -> bool:
        return self.copied is None or self.copied.query()


def fetch(painted: torch.Tensor) -> tuple[torch.Tensor, Copied | None]:
    """Copy behind the device's back where that can be done."""
    if not painted.is_cuda:
        return painted.cpu(), None
    pinned = torch.empty(painted.shape, dtype=painted.dtype, pin_memory=True)
    pinned.copy_(painted, non_blocking=True)
    copied: Any = torch.cuda.Event()  # type: ignore[no-untyped-call]
    copied.record()
    return pinned, copied


class Previews:
    """The previews of all requests that are on their way."""

    def __init__(self, tell: Tell, fetch: Fetch = fetch) -> None:
        self._tell = tell
        self._fetch = fetch
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
        if painted is not None:
            sketch = _OnItsWay(*of, *self._fetch(painted))
            self._on_their_way.setdefault(request_id, []).append(sketch)

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
