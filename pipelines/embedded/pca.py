"""The encoder as matrices: a principal component analysis in levels, 4 x 4 pixels, 8 x 8, 16 x 16.

It is never trained, so latents never change while the decoder improves, a latent means the same
everywhere, and encoding a data set is a few matrix products. Needs torch and no model class.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

LATENT_CHANNELS = 32
FACTOR = 16
"""A latent stands for FACTOR x FACTOR pixels."""
WIDTH = 64
"""Components kept on the way to the last level."""
COMPONENTS = (48, WIDTH, LATENT_CHANNELS)
"""Components kept whenever four neighbours become one place, after the first four pixels did."""
_WHITENING = 0.5
"""How far the components are brought to equal size: 1 wholly, 0 not at all. Wholly, noise that the
denoiser need not know would weigh as much as shapes; not at all, fine detail would drown."""
_REACH = 0.9
"""Size of the largest component, well inside the soft limit of 3 that the stock decoder has."""


@dataclass(frozen=True, slots=True)
class Pca:
    """The encoder in matrices: of every level [components, 4 x those before], shift [channels]."""

    levels: tuple[Tensor, ...]
    shift: Tensor

    def encode(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Encode. Shapes: [n, h, w, 3] -> [n, channels, h / 16, w / 16]."""
        maps = F.pixel_unshuffle(to_tensor(pictures), 2)
        for level in self.levels:
            maps = torch.einsum("kc,nchw->nkhw", level, F.pixel_unshuffle(maps, 2))
        return maps + self.shift[:, None, None]

    def encode_many(self, pictures: NDArray[np.uint8], batch: int = 128) -> Tensor:
        """Encode more pictures than fit in memory as floats; half precision."""
        parts = [self.encode(pictures[i : i + batch]) for i in range(0, len(pictures), batch)]
        return torch.cat([part.half() for part in parts])

    def tensors(self) -> dict[str, Tensor]:
        """As a flat table, for a file."""
        return {f"level{n}": level for n, level in enumerate(self.levels)} | {"shift": self.shift}

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> "Pca":
        return cls(tuple(tensors[f"level{n}"] for n in range(len(COMPONENTS))), tensors["shift"])


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """Pixels as the encoder takes them: [n, 3, h, w], -1 to 1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def fit_pca(pictures: NDArray[np.uint8]) -> Pca:
    """Find the components of these pictures [n, h, w, 3]."""
    maps = F.pixel_unshuffle(to_tensor(pictures), 2)
    levels = []
    for count in COMPONENTS:
        patches = F.pixel_unshuffle(maps, 2)
        levels.append(_components(patches, count))
        maps = torch.einsum("kc,nchw->nkhw", levels[-1], patches)
    mean, spread = maps.mean((0, 2, 3)), maps.std((0, 2, 3))
    gain = _REACH / (spread**_WHITENING * spread[0] ** (1 - _WHITENING))
    levels[-1] = levels[-1] * gain[:, None]
    return Pca(tuple(levels), shift=-mean * gain)


def _components(maps: Tensor, count: int) -> Tensor:
    """Principal directions of the channels, largest first. Shapes: [count, channels]."""
    rows = maps.permute(1, 0, 2, 3).reshape(maps.shape[1], -1)
    _, directions = torch.linalg.eigh(rows @ rows.T / rows.shape[1])
    largest: Tensor = directions.flip(1)[:, :count].T.contiguous()
    return largest
