"""The shared words of the engine: what is wanted, how large, and what came out.

Frozen values, complete at birth. No tensors: these cross the process boundary and are read by the
API process, which has no torch.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""A finished picture before encoding, [height, width, 3] RGB; [height, width, 4] when cut out."""

Fidelity: TypeAlias = Literal["low", "high"]
"""How close an edit stays to the picture it begins from."""

RewriteMode: TypeAlias = Literal["vivid", "natural", "standard", "fast"]
"""How a language model puts a prompt into other words."""

Strictness: TypeAlias = Literal["auto", "low"]
"""How strictly a classifier's verdict on a prompt is applied."""

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
class Bitmap:
    """Raw pixels as a plain value: comparable, and cheap to send to another process."""

    size: Size
    channels: int
    """3 for RGB, 1 for a mask."""
    data: bytes = field(repr=False)
    """Rows from the top, no padding: height * width * channels bytes."""

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> "Bitmap":
        """Shapes: pixels [height, width, channels], or [height, width] for a mask."""
        height, width = pixels.shape[:2]
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        return cls(Size(width, height), channels, pixels.tobytes())

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Read-only, [height, width, channels]."""
        flat = np.frombuffer(self.data, np.uint8)
        return flat.reshape(self.size.height, self.size.width, self.channels)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model can draw natively. Units: pixels for sides and the grid."""

    min_side: int
    max_side: int
    grid: int
    max_steps: int


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A wish for other words; where it cannot be fulfilled the request's prompt is drawn."""

    said: str
    """What the caller wrote."""
    mode: RewriteMode
    ending: str = ""
    """What is put behind the other words as they are."""


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
    references: tuple[Bitmap, ...] = ()
    """RGB pictures to begin from. The first is the one that is edited, as large as `size`."""
    mask: Bitmap | None = None
    """As large as the first reference: 255 where it is drawn anew, 0 where it stays."""
    fidelity: Fidelity = "low"
    upscaler: str | None = None
    """The network that enlarges it on the device, a name of `pipelines.companions`."""
    upscale_to: Size | None = None
    """What it then measures; None where it stays as large as it was drawn."""
    cut_out: bool = False
    """Whether a network tells its subject from the background: it comes back with alpha."""
    preview_steps: tuple[int, ...] = ()
    """After which denoising steps (the first is 1) a cheap preview is shown."""
    rewriting: Rewriting | None = None
    """Whether a language model puts the prompt into other words first."""
    strictness: Strictness = "auto"


@dataclass(frozen=True, slots=True)
class Picture:
    """Encoded bytes and what is known of them."""

    data: bytes
    format: str
    """png, jpeg or webp."""
    size: Size
    seed: int
