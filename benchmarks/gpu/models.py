"""What the benchmark must know of a family to build it without weights and call it.

Knows no family, no device, and builds nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

Config: TypeAlias = Mapping[str, Any]


class Scale(StrEnum):
    FULL = "full"
    SHALLOW = "shallow"
    TINY = "tiny"


@dataclass(frozen=True)
class Network:
    """A component's class and its configurations."""

    cls: Callable[..., Any]
    full: Config
    shallow: Config
    """What differs from `full`."""
    tiny: Config

    def config(self, scale: Scale) -> Config:
        if scale is Scale.TINY:
            return self.tiny
        return self.full if scale is Scale.FULL else {**self.full, **self.shallow}


@dataclass(frozen=True)
class Text:
    """An encoder's output that a pipeline takes in place of a prompt."""

    argument: str
    width: Callable[[Config], int]
    """From the denoiser's configuration."""
    tokens: tuple[int, ...] = ()
    """Lengths of the prompts number 0, 1, ...; empty for a pooled vector."""
    mask: str | None = None
    row_list: bool = False


@dataclass(frozen=True)
class Encoder:
    """A text encoder's shape, for the stand-in that is timed. Units: tokens of one prompt."""

    layers: int
    width: int
    inner: int
    tokens: int


@dataclass(frozen=True)
class Model:
    """One family: what its pipeline is made of and how it is called."""

    name: str
    repository: str
    pipeline: Callable[..., Any]
    component: str
    denoiser: Network
    parameters: float
    vae: Network
    noise_scheduler: Callable[[], Any]
    absent: tuple[str, ...]
    """Components that stay None, because embeddings come ready-made."""
    texts: tuple[Text, ...]
    encoders: tuple[Encoder, ...]
    steps: int
    guidance: float
    forwards_per_step: int = 1
    guidance_argument: str = "guidance_scale"
    built_with: Config = field(default_factory=dict)
    """More arguments of the pipeline's constructor."""
