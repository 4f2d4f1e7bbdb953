"""Says how much of a mark each place of a picture hides, and how much of the picture is flat.

Knows canonical planes, nothing of waves.
"""

import numpy as np
import scipy.ndimage
from PIL import Image

from pipelines.tilemark.canonical import Plane, blended, smoothed

_FLOOR = 0.55
"""Levels that a plain grey area hides."""
_SHARE = 0.11
"""Of the local contrast, what hides in it."""
_CEILING = 4.0
_GLARE = 0.35
"""How much more hides in the darkest and the lightest tones."""
_MIDDLE_GREY = 118
_EROSION = 7
"""Contrast counts where all around is contrast, so that nothing spills over beside an edge; in
half-resolution pixels."""
_FLAT = 0.3
"""Levels of local contrast below which mottling would be seen."""


def contrast(plane: Plane) -> Plane:
    """The local deviation of fine detail, the least of it nearby, at half the resolution."""
    detail = plane - smoothed(plane, 2)
    power = blended(np.asarray(Image.fromarray(detail * detail).reduce(2)))
    return blended(scipy.ndimage.minimum_filter(np.sqrt(power), _EROSION))


def hiding(plane: Plane, contrast: Plane) -> Plane:
    """Levels that each place hides at strength 1."""
    height, width = plane.shape
    levels = _FLOOR * (1 + _GLARE / 128 * np.abs(plane - _MIDDLE_GREY))
    box = (0.0, 0.0, width / 2, height / 2)
    how = Image.Resampling.BILINEAR
    levels += _SHARE * np.asarray(Image.fromarray(contrast).resize((width, height), how, box=box))
    return np.minimum(levels, _CEILING, out=levels)


def flat_share(contrast: Plane) -> float:
    """The share of the area that is all but without detail."""
    return float((contrast < _FLAT).mean())
