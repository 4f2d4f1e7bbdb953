"""The shared words of the engine: what is wanted, how large, and what came out.

Frozen values, complete at birth. No tensors: these cross the process boundary and are read by the
API process, which has no torch.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""A finished picture before encoding, [height, width, 3] RGB."""

PIXELS_PER_TOKEN = 16 * 16
"""One image token stands for 16 x 16 pixels: the unit in which work is counted everywhere."""


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def tokens(self) -> float:
        return self.pixels / PIXELS_PER_TOKEN

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model can draw natively. Units: pixels for sides and the grid."""

    min_side: int
    max_side: int
    grid: int
    max_steps: int


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """One picture wanted by one caller, in the drawing model's own terms.

    A call for n pictures is n requests with seeds s, s+1, ... so that the scheduler sees rows.
    """

    id: str
    model: str
    """The stand-in that draws, a name of `pipelines.catalog`."""
    prompt: str
    size: Size
    """What the pipeline draws; resizing to what the caller asked for is a post stage."""
    steps: int
    guidance: float
    """In the stand-in's own meaning; `Family.guidance` maps the API's scale onto it."""
    seed: int
    negative_prompt: str = ""
    client: str = ""
    """Whose share of the device this is charged to (an API key's name)."""
    priority_s: float = 0.0
    """Seconds of head start in the queue; negative for background work."""
    reproducible: bool = False
    """Draw this row alone, so that neighbours cannot change a bit of it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Encoded bytes and what is known of them."""

    data: bytes
    format: str
    """png, jpeg or webp."""
    size: Size
    seed: int
