"""A picture in a few hundred bytes: enough to tell whether a part of it can be a part of another.

A perceptual hash knows whole pictures only; who copies a mark onto a photograph need only cut the
photograph to escape it. Sixteen coarse pixels a side can be laid against any part, and show nobody
what the picture was of. It proves nothing: plain pictures look alike.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from pipelines.types import Pixels

_LONG_SIDE = 16
_FINER = 2
"""Parts are laid against the sketch in steps of half its pixels."""
_LEAST_SIDE = 4
_PLAIN = 4.0
"""Levels of deviation that count as none: two plain areas are alike, whatever their noise."""
_GREY = 3.0
"""Levels between channels of a copy that has lost its colours."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Source: ITU-R BT.601."""

_Plane = NDArray[np.float32]


def sketch(pixels: Pixels) -> bytes:
    """Draw it: width, height, then RGB by rows.

    Shapes: pixels [height, width, 3] or [height, width, 4] with straight alpha, laid on white.
    """
    height, width = pixels.shape[:2]
    shrink = _LONG_SIDE / max(height, width)
    small = max(1, round(width * shrink)), max(1, round(height * shrink))
    return bytes(small) + np.round(_small(pixels, small)).astype(np.uint8).tobytes()


def resemblance(kept: bytes, pixels: Pixels, scale: float = 1.0) -> float:
    """How well pixels fit the best part of what was sketched: 1 the same, 0 nothing in common.

    Brightness and contrast do not count, and colours only where there are some.

    Shapes: pixels [height, width, 3] or [height, width, 4].
    Units: `scale` is that of a cut: the part has 1 / scale ** 2 of the area; 1 is the whole.
    """
    width, height = kept[:2]
    whole = np.frombuffer(kept[2:], np.uint8).reshape(height, width, 3)
    large = Image.fromarray(whole).resize(
        (width * _FINER, height * _FINER), Image.Resampling.BILINEAR
    )
    ground = np.asarray(large, np.float32)
    part = _part(pixels, ground.shape[:2], scale)
    if np.ptp(part, axis=2).mean() < _GREY:
        return _fit(ground @ _LUMA[:, None], part @ _LUMA[:, None])
    return _fit(ground, part)


def _part(pixels: Pixels, ground: tuple[int, ...], scale: float) -> _Plane:
    """The pixels at the size that they would have in the enlarged sketch."""
    height, width = pixels.shape[:2]
    area, shape = math.prod(ground) / scale**2, math.sqrt(width / height)
    tall = round(math.sqrt(area) / shape)
    wide = round(math.sqrt(area) * shape)
    size = (
        min(max(wide, _LEAST_SIDE), ground[1]),
        min(max(tall, _LEAST_SIDE), ground[0]),
    )
    coarse = (math.ceil(size[0] / _FINER), math.ceil(size[1] / _FINER))
    image = Image.fromarray(np.round(_small(pixels, coarse)).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), np.float32)


def _small(pixels: Pixels, size: tuple[int, int]) -> _Plane:
    """Averaged down, on white."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if pixels.shape[2] == 3:
        return np.asarray(image.resize(size, Image.Resampling.BOX), np.float32)
    small = np.asarray(image.convert("RGBa").resize(size, Image.Resampling.BOX), np.float32)
    # Of premultiplied pixels the missing rest of alpha is the white behind them.
    white: _Plane = np.minimum(small[..., :3] + (255 - small[..., 3:]), 255)
    return white


def _fit(ground: _Plane, part: _Plane) -> float:
    """The highest correlation over all places. Shapes: [height, width, channels] both."""
    height, width = part.shape[:2]
    windows = sliding_window_view(ground, (height, width), axis=(0, 1))
    level = windows.mean((-2, -1), keepdims=True)
    against = np.moveaxis(part - part.mean((0, 1)), -1, 0)
    plain = _PLAIN**2 * part.size
    shared = ((windows - level) * against).sum((-3, -2, -1)) + plain
    power = ((windows - level) ** 2).sum((-3, -2, -1)) + plain
    return float((shared / np.sqrt(power * ((against**2).sum() + plain))).max())
