"""Tells a picture's subject from its background with a network: pixels in, opacity out.

Fine hair is found, glass and smoke come out too solid. Knows one network and no request.
"""

import time
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pipelines.types import Pixels

SIDE_PX = 1024
"""What the published weights were trained on, whatever the picture's shape.
Source: BiRefNet's own configuration."""
_MEAN = (0.485, 0.456, 0.406)
_SPREAD = (0.229, 0.224, 0.225)
"""ImageNet's, with which its pictures were normalised."""


class Net(Protocol):
    """What makes logits of normalised pictures."""

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor: ...


class Cutter:
    """One network on one device, and what it took the last time."""

    def __init__(
        self, net: Net, device: torch.device, dtype: torch.dtype, side_px: int = SIDE_PX
    ) -> None:
        self.took_s = 0.0
        self._net = net
        self._device, self._dtype, self._side_px = device, dtype, side_px

    def opacity(self, pixels: Pixels) -> NDArray[np.uint8]:
        """255 where the subject is. Shapes: [height, width, 3] to [height, width]."""
        started_s = time.perf_counter()
        height, width, _ = pixels.shape
        square = Image.fromarray(np.ascontiguousarray(pixels)).resize(
            (self._side_px, self._side_px), Image.Resampling.BILINEAR
        )
        picture = torch.from_numpy(np.array(square)).to(self._device).permute(2, 0, 1)[None] / 255
        mean, spread = (
            torch.tensor(values, device=self._device)[:, None, None] for values in (_MEAN, _SPREAD)
        )
        logits = self._net(((picture - mean) / spread).to(self._dtype))
        matte = torch.sigmoid(logits[0, 0].float()).cpu().numpy()
        if not np.isfinite(matte).all():
            raise FloatingPointError("the matte has values that are not finite")
        opacity = Image.fromarray(matte).resize((width, height), Image.Resampling.BILINEAR)
        self.took_s = time.perf_counter() - started_s
        values: NDArray[np.float32] = np.asarray(opacity)
        return np.rint(values * 255).astype(np.uint8)
