"""What is done to a picture on the device once its pipeline has drawn it: cut out, enlarge.

Each piece of it is a call that the request waits for, as its pipeline waited for denoising steps:
so others are drawn between two tiles, and a cancelled request runs no further one. Which networks
there are and what a request wants of them was decided by others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from pipelines.companions import Companions
from pipelines.errors import ModelBroken, UnknownModel
from pipelines.lanes import Lane
from pipelines.merge import Call, unmerged
from pipelines.nets.rrdbnet import read_rrdbnet
from pipelines.post.resize import resize
from pipelines.post.upscale import Enlarger
from pipelines.types import ImageRequest, Pixels

Park: TypeAlias = Callable[[Call], Any]

_TILE_PX: Mapping[str, int] = {"cuda": 512, "cpu": 128}
"""On a CPU a tile takes seconds, in which nothing else is drawn, and it counts in host memory."""
_DTYPES: Mapping[str, torch.dtype] = {"cuda": torch.float16}


class Afterwork:
    """One request's way through the networks after its pipeline."""

    def __init__(self, request: ImageRequest, enlarger: Enlarger | None) -> None:
        self.pieces = 0
        """How many calls are done; it begins anew when tiles had to become smaller."""
        self._request = request
        self._enlarger = enlarger

    @property
    def left_s(self) -> float:
        """Predicted seconds, as far as such work was timed before."""
        if self._enlarger is None:
            return 0.0
        return self._enlarger.left_s(self._request.size, self.pieces)

    def finish(self, pixels: Pixels, park: Park) -> Pixels:
        """Do all of it. Shapes: pixels [height, width, 3] as drawn."""
        if self._enlarger is not None:
            enlarged = self._enlarger.enlarge(pixels, partial(_ask, park), self._tell)
            pixels = resize(enlarged, self._request.upscale_to or self._request.size)
        return pixels

    def _tell(self, done: int) -> None:
        self.pieces = done


@dataclass(frozen=True)
class Workbench:
    """The networks of one device."""

    enlargers: Mapping[str, Enlarger]

    def check(self, request: ImageRequest) -> None:
        """Raises: UnknownModel: when a network that the request names is not here."""
        if request.upscaler is not None and request.upscaler not in self.enlargers:
            known = ", ".join(sorted(self.enlargers)) or "none"
            raise UnknownModel(
                f"upscaler {request.upscaler!r} is not here; there are: {known}", "size"
            )

    def afterwork(self, request: ImageRequest) -> Afterwork | None:
        """What comes after the pipeline of a request, if anything does."""
        if request.upscaler is None:
            return None
        return Afterwork(request, self.enlargers[request.upscaler])


NO_NETWORKS = Workbench({})


def set_up(companions: Companions, device: torch.device) -> Workbench:
    """Load a machine's networks. Raises: ModelBroken: naming the file at fault."""
    dtype = _DTYPES.get(device.type, torch.float32)
    tile_px = _TILE_PX.get(device.type, _TILE_PX["cuda"])
    enlargers = {}
    for upscaler in companions.upscalers:
        net = read_rrdbnet(_read(upscaler.file), str(upscaler.file)).to(device, dtype)
        enlargers[upscaler.name] = Enlarger(net, device, dtype, tile_px)
    return Workbench(enlargers)


def _read(file: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise ModelBroken(f"{file} is not a safetensors file that can be read: {error}") from error


def _ask(park: Park, function: Callable[[Pixels], Pixels], pixels: Pixels) -> Pixels:
    answer: Pixels = park(unmerged(Lane.FINISH, function, (pixels,), {}))
    return answer
