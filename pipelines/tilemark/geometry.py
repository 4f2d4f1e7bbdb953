"""Lists what may have happened to a picture's shape, the likeliest first.

A hypothesis is a matrix: where the waves of a mark lie in the spectrum of what is left. Knows
neither pictures nor keys.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.tilemark.carriers import TILE

Matrix = NDArray[np.float64]
"""From cycles over a tile to cycles per pixel of the canonical picture, [2, 2]."""

_CROPS = (
    (1.0, 1.0, 1.17),
    (1.35, 1.17, 1.56),
    (1.8, 1.56, 2.1),
    (2.4, 2.1, 2.8),
    (3.2, 2.8, 3.7),
)
"""(zoom, least scale, most scale): a crop shows a part, so its waves are as much longer."""
_SCALE_STEP = 0.0026
"""Of a scale of 1, in logarithms. A crop holds fewer tiles, so its scale needs less precision."""
_STEEPEST, _TURN_STEP = 5.0, 0.2
"""Degrees."""
_WIDEST, _STRETCH_STEP = 0.16, 0.0045
"""Logarithms of width over height."""
_CROPPED_TURN, _CROPPED_TURN_STEP = 3.0, 0.3
_CROPPED_SCALE, _CROPPED_SCALE_STEP = 0.3, 0.004
_CROP_DECODES, _PLAIN_DECODES, _LAST_DECODES = 3, 4, 6


@dataclass(frozen=True, slots=True)
class Round:
    """Hypotheses that one spectrum answers."""

    zoom: float
    """How much smaller the picture is made first: whitening has to work at the mark's scale."""
    names: list[str]
    matrices: Matrix
    """[hypotheses, 2, 2], for a canonical picture that is not zoomed."""
    decodes: int
    """How many of the best are read."""


def deep() -> Iterator[Round]:
    """Crops, then small rotations, then stretches."""
    for zoom, least, most in _CROPS:
        yield _crops(zoom, least, most, np.eye(2), "")
    turns = np.arange(-_STEEPEST, _STEEPEST + _TURN_STEP / 2, _TURN_STEP)
    turns = turns[np.abs(turns) > _TURN_STEP / 2]
    names = [f"rotated by {turn:.1f} degrees" for turn in turns]
    yield Round(1.0, names, np.array([_turn(turn) for turn in turns]) / TILE, _PLAIN_DECODES)
    logs = np.arange(-_WIDEST, _WIDEST + _STRETCH_STEP / 2, _STRETCH_STEP)
    names = [f"width over height changed by {math.exp(log):.3f}" for log in logs]
    stretches = np.array([np.diag([math.exp(log / 2), math.exp(-log / 2)]) for log in logs])
    yield Round(1.0, names, stretches / TILE, _PLAIN_DECODES)


def exhaustive() -> Iterator[Round]:
    """What `deep` leaves out: crops that were rotated a little, and crops turned or mirrored."""
    turns = np.arange(-_CROPPED_TURN, _CROPPED_TURN + _CROPPED_TURN_STEP / 2, _CROPPED_TURN_STEP)
    turns = turns[np.abs(turns) > _CROPPED_TURN_STEP / 2]
    for low in np.arange(0, _CROPPED_SCALE, 6 * _CROPPED_SCALE_STEP):
        logs = np.arange(low, low + 5.5 * _CROPPED_SCALE_STEP, _CROPPED_SCALE_STEP)
        pairs = [(math.exp(log), turn) for log in logs for turn in turns]
        names = [f"rotated by {turn:.1f} degrees and cropped to 1/{s:.3f}" for s, turn in pairs]
        matrices = np.array([_turn(turn) / (TILE * s) for s, turn in pairs])
        yield Round(1.0, names, matrices, _LAST_DECODES)
    for zoom, least, most in _CROPS[:3]:
        for name, matrix in ORIENTATIONS.items():
            yield _crops(zoom, least, most, np.array(matrix), f"{name} and ")


ORIENTATIONS = {
    "mirrored": ((1, 0), (0, -1)),
    "turned by 90 degrees": ((0, 1), (-1, 0)),
    "turned by 180 degrees": ((-1, 0), (0, -1)),
    "turned by 270 degrees": ((0, -1), (1, 0)),
    "upside down": ((-1, 0), (0, 1)),
    "transposed": ((0, 1), (1, 0)),
    "transposed backwards": ((0, -1), (-1, 0)),
}
"""The seven ways to lie other than upright, as matrices of waves."""


def _crops(zoom: float, least: float, most: float, upright: Matrix, prefix: str) -> Round:
    # d log(scale) = step * scale, so the scales are evenly spaced in 1 / scale.
    count = math.ceil((1 / least - 1 / most) / _SCALE_STEP)
    scales = 1 / np.linspace(1 / least, 1 / most, count + 1)
    names = [f"{prefix}cropped to 1/{scale:.3f}" for scale in scales]
    matrices = upright[None] / (TILE * scales[:, None, None])
    return Round(zoom, names, matrices, _CROP_DECODES)


def _turn(degrees: float) -> Matrix:
    angle = math.radians(degrees)
    return np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
    )
