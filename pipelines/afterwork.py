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

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file

from pipelines.companions import Companions
from pipelines.errors import ModelBroken, UnknownModel
from pipelines.lanes import Lane
from pipelines.merge import Call, unmerged
from pipelines.nets.birefnet import read_birefnet
from pipelines.nets.rrdbnet import read_rrdbnet
from pipelines.post.cutout import Cutter
from pipelines.post.resize import resize
from pipelines.post.upscale import Enlarger
from pipelines.types import ImageRequest, Pixels
from pipelines.weights.store import check_installed_file

Park: TypeAlias = Callable[[Call], Any]

_TILE_PX: Mapping[str, int] = {"cuda": 512, "cpu": 128}
"""On a CPU a tile takes seconds, in which nothing else is drawn, and it counts in host memory."""
_DTYPES: Mapping[str, torch.dtype] = {"cuda": torch.float16}


class Afterwork:
    """One request's way through the networks after its pipeline."""

    def __init__(
        self, request: ImageRequest, enlarger: Enlarger | None, cutter: Cutter | None
    ) -> None:
        self.pieces = 0
        """How many calls are done; it begins anew when tiles had to become smaller."""
        self._size, self._large = request.size, request.upscale_to or request.size
        self._enlarger, self._cutter = enlarger, cutter

    @property
    def left_s(self) -> float:
        """Predicted seconds, as far as such work was timed before."""
        cuts = int(self._cutter is not None)
        left_s = self._cutter.took_s if self._cutter is not None and not self.pieces else 0.0
        if self._enlarger is not None:
            left_s += self._enlarger.left_s(self._size, max(0, self.pieces - cuts))
        return left_s

    def finish(self, pixels: Pixels, park: Park) -> Pixels:
        """Do all of it. Shapes: pixels [height, width, 3] as drawn."""
        opacity = None
        if self._cutter is not None:
            opacity = _ask(park, self._cutter.opacity, pixels)
            self.pieces = 1
        if self._enlarger is not None:
            tell = partial(self._tell, self.pieces)
            enlarged = self._enlarger.enlarge(pixels, partial(_ask, park), tell)
            pixels = resize(enlarged, self._large)
        if opacity is None:
            return pixels
        fitted = resize(opacity[..., None], self._large, Image.Resampling.BILINEAR)
        cut_out: Pixels = np.concatenate([pixels, fitted], axis=2)
        return cut_out

    def _tell(self, before: int, done: int) -> None:
        self.pieces = before + done


@dataclass(frozen=True)
class Workbench:
    """The networks of one device."""

    enlargers: Mapping[str, Enlarger]
    cutter: Cutter | None = None

    def check(self, request: ImageRequest) -> None:
        """Raises: UnknownModel: when a network that the request names is not here."""
        if request.upscaler is not None and request.upscaler not in self.enlargers:
            known = ", ".join(sorted(self.enlargers)) or "none"
            raise UnknownModel(
                f"upscaler {request.upscaler!r} is not here; there are: {known}", "size"
            )
        if request.cut_out and self.cutter is None:
            raise UnknownModel("no network that cuts subjects out is here", "background")

    def afterwork(self, request: ImageRequest) -> Afterwork | None:
        """What comes after the pipeline of a request, if anything does."""
        enlarger = self.enlargers[request.upscaler] if request.upscaler else None
        cutter = self.cutter if request.cut_out else None
        return Afterwork(request, enlarger, cutter) if enlarger or cutter else None


NO_NETWORKS = Workbench({})


def set_up(companions: Companions, device: torch.device) -> Workbench:
    """Load a machine's networks. Raises: ModelBroken: naming the file at fault."""
    dtype = _DTYPES.get(device.type, torch.float32)
    tile_px = _TILE_PX.get(device.type, _TILE_PX["cuda"])
    enlargers = {}
    for upscaler in companions.upscalers:
        net = read_rrdbnet(_read(upscaler.file), str(upscaler.file)).to(device, dtype)
        enlargers[upscaler.name] = Enlarger(net, device, dtype, tile_px)
    cutter = None
    if (file := companions.matting) is not None:
        cutter = Cutter(read_birefnet(_read(file), str(file)).to(device, dtype), device, dtype)
    return Workbench(enlargers, cutter)


def _read(file: Path) -> dict[str, torch.Tensor]:
    check_installed_file(file)
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise ModelBroken(f"{file} is not a safetensors file that can be read: {error}") from error


def _ask(park: Park, function: Callable[[Pixels], Pixels], pixels: Pixels) -> Pixels:
    answer: Pixels = park(unmerged(Lane.FINISH, function, (pixels,), {}))
    return answer
