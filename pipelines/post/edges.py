"""Takes the old background out of half transparent pixels, so that they look right on any other.

What a camera or a model makes of an edge is a mixture; a file with alpha wants the subject's own
colour there. Knows pixels and their opacity, not where that came from.

Source: Germer et al. and Forte 2021, "Approximate Fast Foreground Colour Estimation".
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.types import Pixels

_CELLS = 32
"""Over the long side: within such a cell subject and background have one colour each, about."""
_TRUST = 8
"""The power by which a nearly solid pixel tells more of the subject than a nearly clear one. At 2
a fifth of the background stays in an edge, at 8 a twentieth; more helps only wide edges."""
_LEAST = 1e-6


def own_colours(pixels: Pixels, opacity: NDArray[np.uint8]) -> Pixels:
    """The subject's own colours wherever it is half transparent; all others as they are.

    Shapes: pixels [height, width, 3], opacity [height, width]; returns [height, width, 3].
    """
    edge = np.nonzero((opacity > 0) & (opacity < 255))
    if not len(edge[0]):
        return pixels
    share = opacity[edge].astype(np.float32) / 255
    solid, clear = _weights(opacity)
    cleaned = pixels.copy()
    for channel in range(3):
        plane = pixels[..., channel]
        subject = _nearby(plane, solid)[edge]
        ground = _nearby(plane, clear)[edge]
        mixed = share * subject + (1 - share) * ground
        own = subject + share * (plane[edge] - mixed)
        cleaned[..., channel][edge] = np.rint(own.clip(0, 255)).astype(np.uint8)
    return cleaned


def _weights(opacity: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How much each pixel tells of the subject, and of the background."""
    share = opacity.astype(np.float32) / 255
    return np.power(share, _TRUST), np.power(1 - share, _TRUST)


def _nearby(plane: NDArray[np.uint8], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weighted mean of what is around each pixel. Shapes: [height, width], all of them."""
    height, width = plane.shape
    scale = _CELLS / max(height, width)
    cells = max(1, round(width * scale)), max(1, round(height * scale))
    total = _resized(plane * weights, cells, Image.Resampling.BOX)
    weight = _resized(weights, cells, Image.Resampling.BOX)
    return _resized(total, (width, height)) / (_resized(weight, (width, height)) + _LEAST)


def _resized(
    plane: NDArray[np.float32],
    size: tuple[int, int],
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(plane).resize(size, resampling))
