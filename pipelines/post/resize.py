"""Brings finished pixels to the size the caller asked for, without ever squashing them.

Knows nothing of why the sizes differ: that is the family's and the service's business.
"""

import numpy as np
from PIL import Image

from pipelines.types import Pixels, Size


def resize(
    pixels: Pixels, size: Size, resampling: Image.Resampling = Image.Resampling.LANCZOS
) -> Pixels:
    """Resample to `size`, filling it: what overhangs is cut off evenly on both sides.

    Equal sizes return the same array. One channel at a time, because Pillow's RGB takes four bytes
    a pixel and a copy: this needs half the memory and gives the same bytes.

    Shapes: pixels [height, width, channels]; returns [size.height, size.width, channels].
    """
    height, width, channels = pixels.shape
    if (width, height) == (size.width, size.height):
        return pixels
    box = _cover(width, height, size)
    resized = np.empty((size.height, size.width, channels), np.uint8)
    for channel in range(channels):
        plane = Image.fromarray(np.ascontiguousarray(pixels[..., channel]))
        resized[..., channel] = np.asarray(
            plane.resize((size.width, size.height), resampling, box=box)
        )
    return resized


def centre(pixels: Pixels, size: Size) -> Pixels:
    """The middle of a picture that is no smaller. A view, not a copy."""
    top, left = (pixels.shape[0] - size.height) // 2, (pixels.shape[1] - size.width) // 2
    return pixels[top : top + size.height, left : left + size.width]


def surround(pixels: Pixels, size: Size) -> Pixels:
    """The contrary of `centre`: repeat a picture's edges around it until it is of this size.

    Equal sizes return the same array.

    Shapes: pixels [height, width, channels], no larger than the size.
    """
    height, width, _ = pixels.shape
    if (width, height) == (size.width, size.height):
        return pixels
    top, left = (size.height - height) // 2, (size.width - width) // 2
    below, right = size.height - height - top, size.width - width - left
    return np.pad(pixels, ((top, below), (left, right), (0, 0)), mode="edge")


def _cover(width: int, height: int, size: Size) -> tuple[float, float, float, float]:
    """The largest centred box (left, top, right, bottom) of the wanted aspect, in source pixels."""
    scale = min(width / size.width, height / size.height)
    box_width, box_height = size.width * scale, size.height * scale
    left, top = (width - box_width) / 2, (height - box_height) / 2
    # min(): Pillow refuses a box that rounding has pushed a hair beyond the picture.
    return (left, top, min(left + box_width, width), min(top + box_height, height))
