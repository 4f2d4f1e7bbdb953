"""Cuts a subject out of an even background: pixels in, pixels with alpha out.

What it does: the colours along the picture's border are the background; whatever is like them and
connected with the border becomes transparent, with a soft edge. No weights, no guess at meaning.

Limits: the background must be plain (one to three colours or a soft gradient). Background seen
through a hole in the subject stays opaque; a subject of the background's own colour is eaten where
it touches; hair, smoke, glass and shadows get a hard outline; colours at the edge keep a trace of
the old background.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.types import Pixels

_WORK_SIDE_PX = 512
"""The matte is found at this size and scaled up: edges are soft anyhow."""
_BORDER_SHARE = 0.03
_CLUSTERS = 3
_MIN_BORDER_WEIGHT = 0.12
"""A colour seldomer than this along the border is a subject that touches it."""
_TOLERANCE = 0.045
"""Distance in Oklab up to which two colours pass as one, about twice what is just seen."""
_SPREADS = 3.0
_WIDEST_SPREAD = 0.08
"""More than this is a texture, not a plain background: its pixels must not pass for one colour."""
_SOFTNESS = 0.5
"""The edge fades between 1 and 1.5 tolerances."""


def remove_background(pixels: Pixels) -> NDArray[np.uint8]:
    """Return the picture with its border-connected background transparent.

    Shapes: pixels [height, width, 3]; returns [height, width, 4], straight alpha, same colours.
    """
    height, width, _ = pixels.shape
    small = Image.fromarray(np.ascontiguousarray(pixels))
    small.thumbnail((_WORK_SIDE_PX, _WORK_SIDE_PX), Image.Resampling.BOX)
    alpha = _matte(_oklab(np.asarray(small)))
    matte = Image.fromarray(np.rint(alpha * 255).astype(np.uint8))
    matte = matte.filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.GaussianBlur(0.6))
    matte = matte.resize((width, height), Image.Resampling.BILINEAR)
    return np.dstack([pixels, np.asarray(matte)])


def _matte(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Opacity, 0 to 1. Shapes: [height, width, 3] Oklab to [height, width]."""
    distance = _distance_to_background(colours)
    background = _connected_with_border(distance < 1 + _SOFTNESS)
    opacity = np.clip((distance - 1) / _SOFTNESS, 0, 1)
    return np.where(background, opacity, np.float32(1)).astype(np.float32)


def _distance_to_background(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel is from the nearest background colour, in tolerances."""
    border = _border(colours)
    centres, nearest = _cluster(border)
    distance = np.full(colours.shape[:2], np.inf, np.float32)
    for index, centre in enumerate(centres):
        members = border[nearest == index]
        if len(members) < _MIN_BORDER_WEIGHT * len(border):
            continue
        spread = float(np.sqrt(((members - centre) ** 2).sum(axis=1).mean()))
        tolerance = _TOLERANCE + min(_SPREADS * spread, _WIDEST_SPREAD)
        apart = np.sqrt(((colours - centre) ** 2).sum(axis=2)) / tolerance
        distance = np.minimum(distance, apart)
    return distance


def _border(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """The colours of the picture's frame. Shapes: [height, width, 3] to [n, 3]."""
    height, width, _ = colours.shape
    depth = max(1, round(_BORDER_SHARE * min(height, width)))
    inside = np.zeros((height, width), bool)
    inside[depth : height - depth, depth : width - depth] = True
    return colours[~inside]


def _cluster(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """k-means from mutually distant starts, so that the same picture gives the same clusters.

    Source: Gonzalez 1985 (farthest-first starts), Lloyd 1982.
    """
    starts = [points[0]]
    while len(starts) < _CLUSTERS:
        starts.append(points[_squared_distances(points, np.array(starts)).min(axis=1).argmax()])
    centres = np.array(starts)
    for _ in range(8):
        nearest = _squared_distances(points, centres).argmin(axis=1)
        for index in range(_CLUSTERS):
            if (nearest == index).any():
                centres[index] = points[nearest == index].mean(axis=0)
    return centres, _squared_distances(points, centres).argmin(axis=1)


def _squared_distances(
    points: NDArray[np.float32], centres: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Shapes: points [n, 3], centres [k, 3]; returns [n, k]."""
    distances: NDArray[np.float32] = ((points[:, None] - centres[None]) ** 2).sum(axis=2)
    return distances


def _connected_with_border(candidate: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The candidates that a walk over candidates (4 neighbours) reaches from outside.

    Alternates between rows and columns: a run with one reached pixel is reached as a whole, so the
    number of rounds is the number of turns of the longest way, not its length.
    """
    reached = candidate.copy()
    reached[1:-1, 1:-1] = False
    count = -1
    while count != (count := int(reached.sum())):
        reached = _fill_runs(candidate, reached)
        reached = _fill_runs(candidate.T, reached.T).T
    return reached


def _fill_runs(candidate: NDArray[np.bool_], reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Spread `reached` along each row's runs of candidates."""
    starts = candidate.copy()
    starts[:, 1:] &= ~candidate[:, :-1]
    run = np.cumsum(starts, axis=None).reshape(candidate.shape)
    is_reached = np.bincount(run[reached], minlength=int(run[-1, -1]) + 1) > 0
    filled: NDArray[np.bool_] = candidate & is_reached[run]
    return filled


def _oklab(pixels: Pixels) -> NDArray[np.float32]:
    """sRGB to Oklab, where equal distances look equally different.

    Source: Ottosson 2020, "A perceptual color space for image processing".
    """
    value = pixels.astype(np.float32) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    oklab = np.cbrt(linear @ _LMS_FROM_RGB.T) @ _OKLAB_FROM_LMS.T
    return np.asarray(oklab, np.float32)


_LMS_FROM_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB_FROM_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
