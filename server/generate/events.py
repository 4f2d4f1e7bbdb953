"""What is wanted from `seedbed generate`, and what is heard while it is drawn.

The same words whether a server draws or an engine in this process's care.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipelines.post.encode import Format


@dataclass(frozen=True, slots=True)
class Order:
    """One call. None means: not said."""

    prompt: str
    model: str
    n: int
    size: str | None
    seed: int | None
    guidance: float | None
    watermark: bool
    format: Format
    images: tuple[bytes, ...] = ()
    """Files to begin from."""
    mask: bytes | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The order as a call of the native dialect."""
        return {
            "prompt": self.prompt,
            "model": self.model,
            "n": self.n,
            "size": self.size,
            "seed": self.seed,
            "guidance_scale": self.guidance,
            "watermark": self.watermark,
            "output_format": self.format,
            "image": [_data_url(image) for image in self.images],
            "mask": None if self.mask is None else _data_url(self.mask),
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One denoising step of the index-th picture is done."""

    index: int
    step: int
    steps: int
    eta_s: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """The index-th picture, encoded."""

    index: int
    data: bytes
    seed: int
    size: str


def _data_url(file: bytes) -> str:
    return f"data:;base64,{base64.b64encode(file).decode()}"


Hear: TypeAlias = Callable[[Step | Drawn], None]
