"""Brings any picture to the one form in which it is marked and read.

Its luma, in its own shape, with an area of 512 x 512: the mark is fixed to the picture and not to
its pixels, so a resized copy needs no search and cost hardly grows with size. Whitening then takes
the picture itself away as far as that goes. Knows nothing of marks.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.types import Pixels

Plane = NDArray[np.float32]
"""Luma or what is made of it, [height, width], in levels from 0 to 255."""

SIDE = 512
"""The square root of a canonical picture's area."""
_LEAST_SIDE = 64
_REDUCED_SIDE = 2 * SIDE
"""What a large picture is averaged down to first."""
WHITE = 255
_BLUR_SHRINK = 4
_NOISE = 0.6
"""What deviation a flat area is taken to have, in levels."""
_LIMIT = 2.5
"""Beyond this many deviations nothing counts more: edges lose their say."""


def canonical_size(height: int, width: int, zoom: float = 1.0) -> tuple[int, int]:
    """Height and width of the canonical picture, divided by `zoom`."""
    shape = math.sqrt(width / height)
    full = max(_LEAST_SIDE, round(SIDE / shape)), max(_LEAST_SIDE, round(SIDE * shape))
    return max(_LEAST_SIDE // 2, round(full[0] / zoom)), max(
        _LEAST_SIDE // 2, round(full[1] / zoom)
    )


def luma(pixels: Pixels) -> Image.Image:
    """The luma as an 8-bit picture, transparent areas on white as most programs show them."""
    if pixels.shape[2] == 4:
        pixels = on_white(pixels)
    return Image.fromarray(np.ascontiguousarray(pixels)).convert("L")


def on_white(pixels: Pixels) -> Pixels:
    """Lay pixels with opacity on white. Shapes: [height, width, 4] -> [height, width, 3]."""
    opacity = pixels[..., 3:].astype(np.uint16)
    mixed = pixels[..., :3] * opacity + WHITE * (WHITE - opacity) + WHITE // 2
    return (mixed // WHITE).astype(np.uint8)


def canonical(picture: Image.Image, zoom: float = 1.0) -> Plane:
    """Resize luma to its canonical size, divided by `zoom`."""
    height, width = canonical_size(picture.height, picture.width, zoom)
    shrink = min(picture.height, picture.width) // _REDUCED_SIDE
    if shrink > 1:
        picture = picture.reduce(shrink)
    if picture.size == (width, height):
        return np.asarray(picture, np.float32)
    return resized(np.asarray(picture, np.float32), height, width)


def resized(plane: Plane, height: int, width: int) -> Plane:
    """Resample a plane; down with as much blur as that takes."""
    how = Image.Resampling.HAMMING if plane.shape[1] > width else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(plane).resize((width, height), how))


def whitened(plane: Plane) -> Plane:
    """High-pass a plane, divide by the local deviation, and limit the outcome."""
    detail = plane - smoothed(plane)
    detail /= np.sqrt(smoothed(detail * detail) + np.float32(_NOISE**2))
    return np.clip(detail, -_LIMIT, _LIMIT, out=detail)


def smoothed(plane: Plane, shrink: int = _BLUR_SHRINK) -> Plane:
    """Blur by about a Gaussian of deviation `shrink`: average, blend neighbours, enlarge.

    Of shrink ** 2 the variance is 1/12 by the box, 2/3 by the blending and 1/6 by the enlarging.
    """
    height, width = plane.shape
    box = (0.0, 0.0, width / shrink, height / shrink)
    small = blended(np.asarray(Image.fromarray(plane).reduce(shrink)))
    enlarged = Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(enlarged)


def blended(plane: Plane) -> Plane:
    """Average each value with its neighbours, three by three, edges repeated."""
    padded = np.pad(plane, ((1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    padded = np.pad(rows, ((0, 0), (1, 1)), mode="edge")
    return (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / np.float32(9)
