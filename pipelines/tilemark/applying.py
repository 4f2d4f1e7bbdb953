"""Adds a canonical residual to a picture of any size, in stripes.

Knows pixels and what to add, nothing of marks.
"""

import numpy as np
from PIL import Image

from pipelines.tilemark.canonical import WHITE, Plane
from pipelines.types import Pixels

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_GREY = np.ones(3, np.float32)
_COLOURED = (_GREY + _LUMA / (_LUMA @ _LUMA)) / 2
"""One level of luma with a tenth less change of RGB: half way to the least change, which would
tint."""
_STRIPE_PIXELS = 1 << 17


def applied(pixels: Pixels, residual: Plane) -> Pixels:
    """Add to the luma of pixels; grey pictures stay grey, clear pixels and opacity as they are.

    Shapes: pixels [height, width, 3 or 4]; residual of any size; returns the shape of pixels.
    """
    height, width, channels = pixels.shape
    share = _GREY if is_grey(pixels) else _COLOURED
    source = Image.fromarray(residual)
    scale = residual.shape[0] / height
    rows = max(1, _STRIPE_PIXELS // width)
    marked = np.empty_like(pixels)
    for top in range(0, height, rows):
        end = min(top + rows, height)
        box = (0.0, top * scale, float(residual.shape[1]), min(end * scale, residual.shape[0]))
        stripe = source.resize((width, end - top), Image.Resampling.BICUBIC, box=box)
        levels = np.asarray(stripe)
        if channels == 4:
            levels = levels * (pixels[top:end, :, 3] > 0)
            marked[top:end, :, 3] = pixels[top:end, :, 3]
        for channel in range(3):
            added = np.rint(levels * share[channel]).astype(np.int16)
            added += pixels[top:end, :, channel]
            marked[top:end, :, channel] = np.clip(added, 0, WHITE)
    return marked


def is_grey(pixels: Pixels) -> bool:
    """Whether all pixels have three equal channels."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return bool(np.array_equal(red, green) and np.array_equal(green, blue))
