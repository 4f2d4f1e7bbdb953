"""What is wanted from `seedbed generate`, and what is heard while it is drawn.

The same words whether a server draws or an engine in this process's care.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pipelines.post.encode import Format
from server.terminal import CommandError


@dataclass(frozen=True, slots=True)
class Order:
    """One call. None means: not said."""

    prompt: str | None
    model: str | None
    n: int
    size: str | None
    seed: int | None
    guidance: float | None
    watermark: bool | None
    format: Format
    images: tuple[bytes, ...] = ()
    """Files to begin from."""
    mask: bytes | None = None
    negative_prompt: str | None = None
    quality: str | None = None
    steps: int | None = None
    transparent: bool = False
    fidelity: str | None = None
    compression: int | None = None
    weights: str | None = None
    """Those that must draw, `name` or `name@digest`."""

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
            "negative_prompt": self.negative_prompt,
            "quality": self.quality,
            "steps": self.steps,
            "background": "transparent" if self.transparent else None,
            "input_fidelity": self.fidelity,
            "output_compression": self.compression,
            "weights": self.weights,
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
    lacks: Mapping[str, str] = field(default_factory=dict)
    """The marks that it does not bear though a server's would, and why."""


def refusal(message: str, param: object) -> CommandError:
    """What the terminal says of an order that was refused."""
    way_out = "; --anyway draws with what is there" if param == "weights" else ""
    return CommandError(f"{message.removesuffix('.')}{way_out}" if way_out else message)


def _data_url(file: bytes) -> str:
    return f"data:;base64,{base64.b64encode(file).decode()}"


Hear: TypeAlias = Callable[[Step | Drawn], None]
