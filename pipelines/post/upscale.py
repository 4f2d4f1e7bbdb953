"""Enlarges pictures with a network, tile by tile, so that memory does not grow with the picture.

Neighbouring tiles overlap and fade into each other, because a network sees less at a tile's edge.
Between two tiles whoever asked may do something else, or stop. Knows one network and no request.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, product
from operator import attrgetter
from typing import Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.types import Pixels, Size

OVERLAP_PX = 32
SMALLEST_TILE_PX = 2 * OVERLAP_PX
_BLIND_PX = 8
"""So near to its edge a tile counts for nothing where it has a neighbour. Tiles are joined to bands
and bands to the picture, or what is blind would shine through where four of them meet."""

Ask: TypeAlias = Callable[[Callable[[Pixels], Pixels], Pixels], Pixels]
"""Has a function called with a tile, at once or after something else. May raise to stop."""


class Net(Protocol):
    """What enlarges a tile."""

    scale: int
    fold: int

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor: ...


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tile lies. Units: pixels of the small picture."""

    left: int
    top: int
    width: int
    height: int


class Enlarger:
    """One network on one device, and what its tiles have cost so far."""

    def __init__(self, net: Net, device: torch.device, dtype: torch.dtype, tile_px: int) -> None:
        self.scale = net.scale
        self.tile_px = tile_px
        """Side of a tile; halved, for good, when one does not fit the device's memory."""
        self._net = net
        self._device, self._dtype = device, dtype
        self.s_per_pixel = 0.0
        """What a pixel of the small picture took the last time."""

    def left_s(self, size: Size, done: int) -> float:
        """Predicted seconds for the tiles of a picture after so many; 0 until one was timed."""
        left = list(_places(size, self.tile_px))[done:]
        return self.s_per_pixel * sum(place.width * place.height for place in left)

    def enlarge(self, pixels: Pixels, ask: Ask, tell: Callable[[int], None]) -> Pixels:
        """Enlarge a picture; `tell` hears how many of its tiles are done.

        Shapes: [height, width, 3] to [scale * height, scale * width, 3].
        Raises: torch.OutOfMemoryError: when not even the smallest tile fits.
        """
        while True:
            tile_px = self.tile_px
            try:
                return self._enlarge(pixels, tile_px, ask, tell)
            except torch.OutOfMemoryError:
                if tile_px <= SMALLEST_TILE_PX:
                    raise
                self.tile_px = min(self.tile_px, max(SMALLEST_TILE_PX, tile_px // 2))

    def _enlarge(
        self, pixels: Pixels, tile_px: int, ask: Ask, tell: Callable[[int], None]
    ) -> Pixels:
        height, width, channels = pixels.shape
        size, scale = Size(width, height), self.scale
        large = np.empty((height * scale, width * scale, channels), np.uint8)
        done = 0
        tell(done)
        for top, places in groupby(_places(size, tile_px), key=attrgetter("top")):
            band = np.empty((min(height, tile_px) * scale, *large.shape[1:]), np.uint8)
            for place in places:
                rows = slice(top, top + place.height)
                columns = slice(place.left, place.left + place.width)
                tile = ask(self._enlarge_tile, pixels[rows, columns])
                _lay(band, tile, place.left * scale, self._fade(place.left), axis=1)
                tell(done := done + 1)
            _lay(large, band, top * scale, self._fade(top), axis=0)
        return large

    def _enlarge_tile(self, tile: Pixels) -> Pixels:
        started_s = time.perf_counter()
        height, width, _ = tile.shape
        right, below = -width % self._net.fold, -height % self._net.fold
        whole = np.pad(tile, ((0, below), (0, right), (0, 0)), mode="edge")
        picture = torch.from_numpy(np.ascontiguousarray(whole)).to(self._device)
        picture = picture.permute(2, 0, 1)[None].to(self._dtype) / 255
        large = (self._net(picture)[0].clamp(0, 1) * 255).round().to(torch.uint8)
        pixels: Pixels = large.permute(1, 2, 0).cpu().numpy()
        self.s_per_pixel = (time.perf_counter() - started_s) / (width * height)
        return pixels[: height * self.scale, : width * self.scale]

    def _fade(self, start: int) -> NDArray[np.float32]:
        """The weights of a tile's first rows or columns: 0 to 1 in the middle of the overlap."""
        if start == 0:
            return np.empty(0, np.float32)
        position = (np.arange(OVERLAP_PX * self.scale, dtype=np.float32) + 0.5) / self.scale
        return np.clip((position - _BLIND_PX) / (OVERLAP_PX - 2 * _BLIND_PX), 0, 1)


def _lay(under: Pixels, over: Pixels, start: int, fade: NDArray[np.float32], axis: int) -> None:
    """Lay one over the end of what is there, along the rows (axis 0) or the columns (1)."""
    under, over = np.moveaxis(under, axis, 0)[start:], np.moveaxis(over, axis, 0)
    n = len(fade)
    share = fade[:, None, None]
    mixed = under[:n] + (over[:n].astype(np.float32) - under[:n]) * share
    under[:n] = np.rint(mixed).astype(np.uint8)
    under[n : len(over)] = over[n:]


def _places(size: Size, tile_px: int) -> Iterator[_Place]:
    """Tiles of one shape that cover a picture, row by row."""
    width, height = min(tile_px, size.width), min(tile_px, size.height)
    for top, left in product(_starts(size.height, height), _starts(size.width, width)):
        yield _Place(left, top, width, height)


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin so that neighbours share at least the overlap."""
    if tile >= length:
        return [0]
    gaps = math.ceil((length - tile) / (tile - OVERLAP_PX))
    return [min(index * (tile - OVERLAP_PX), length - tile) for index in range(gaps + 1)]
