"""The networks beside the one that draws: which weights enlarge pictures, which cut subjects out.

Plain values that the API process plans with and a worker loads. Knows files, no torch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ModelBroken

_LENGTH_BYTES = 8
_MOST_HEAD_BYTES = 100_000_000
_FIRST_LAYER = "conv_first.weight"
_SCALES = {3: 4, 12: 2}
"""By how much a Real-ESRGAN network enlarges, by the channels that its first layer takes."""


@dataclass(frozen=True, slots=True)
class Upscaler:
    """Weights that enlarge pictures."""

    name: str
    file: Path
    scale: int


@dataclass(frozen=True, slots=True)
class Companions:
    """What a machine has besides models that draw."""

    upscalers: tuple[Upscaler, ...] = ()
    matting: Path | None = None
    """Weights that tell a subject from its background."""

    def upscaler(self, factor: float) -> Upscaler | None:
        """The smallest step that suffices for a factor, else the largest; None without any."""
        enough = [one for one in self.upscalers if one.scale >= factor]
        if enough:
            return min(enough, key=lambda one: one.scale)
        return max(self.upscalers, key=lambda one: one.scale, default=None)


def find_companions(upscalers: Mapping[str, Path], matting: Path | None) -> Companions:
    """Look at weights, by name, and their shapes. Raises: ModelBroken: naming the file at fault."""
    found = tuple(read_upscaler(name, file) for name, file in upscalers.items())
    if matting is not None:
        tensor_shapes(matting)
    return Companions(found, matting)


def read_upscaler(name: str, file: Path) -> Upscaler:
    """What a file of weights enlarges by.

    Raises: ModelBroken: when it is none that enlarges.
    """
    first = [shape for key, shape in tensor_shapes(file).items() if key.endswith(_FIRST_LAYER)]
    scale = _SCALES.get(first[0][1]) if len(first) == 1 and len(first[0]) == 4 else None
    if scale is None:
        raise ModelBroken(
            f"{file} has not the weights of a Real-ESRGAN network that enlarges by 2 or 4"
        )
    return Upscaler(name, file, scale)


def tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a safetensors file, from its head alone. Raises: ModelBroken.

    Source: the format described in huggingface/safetensors README, "Format".
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
            head = json.loads(stream.read(min(length, _MOST_HEAD_BYTES)))
        return {key: tuple(head[key]["shape"]) for key in head if key != "__metadata__"}
    except OSError as error:
        raise ModelBroken(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelBroken(f"{file} is not a safetensors file") from error
