"""Lists what may have happened to a picture's shape, the likeliest first.

A hypothesis is a matrix: where the waves of a mark lie in the spectrum of what is left. Knows
neither pictures nor keys.
"""

import math
from collections.abc import Callable, Iterator
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
_FRAMES = ((0.75, 0.75, 1.0), (0.56, 0.56, 0.75), (0.42, 0.42, 0.56))
"""The same of screenshots and pages that show the picture among other things."""
_SMALL_FRAME = (0.31, 0.31, 0.42)
"""Costs as much as all others, because the whole is looked at in more detail."""
_SCALE_STEP = 0.0026
"""Of a scale of 1, in logarithms. A crop holds fewer tiles, so its scale needs less precision."""
_STEEPEST, _TURN_STEP = 5.0, 0.2
"""Degrees."""
_WIDEST, _STRETCH_STEP = 0.16, 0.0045
"""Logarithms of width over height."""
_TURNED, _TURNED_STEP = 3.0, 0.3
"""Degrees, of pictures that were cropped as well."""
_TURNED_CROP, _TURNED_CROP_STEP = 0.3, 0.004
"""Logarithms of their scale."""
_TURNED_ROUNDS = 12
_ORIENTED_CROPS = 3
"""How many of the bands above are looked through for turned and mirrored crops."""
_CROP_DECODES, _PLAIN_DECODES, _TURNED_DECODES = 3, 2, 6


@dataclass(frozen=True, slots=True)
class Round:
    """Hypotheses that one spectrum answers."""

    zoom: float
    """How much smaller the picture is made first: whitening has to work at the mark's scale."""
    matrices: Matrix
    """[hypotheses, 2, 2], for a canonical picture that is not zoomed."""
    decodes: int
    """How many of the best are read."""
    told: Callable[[Matrix], str]
    """Says in words what happened to a picture, by its matrix."""


def deep() -> Iterator[Round]:
    """What one spectrum tells (narrow crops, rotations, stretches), crops, and screenshots."""
    narrow, *wider = _CROPS
    yield _crops(*narrow)
    rotations = np.array([_turn(turn) for turn in _about_zero(_STEEPEST, _TURN_STEP)]) / TILE
    yield Round(1.0, rotations, _PLAIN_DECODES, _rotated)
    logs = _about_zero(_WIDEST, _STRETCH_STEP)
    stretches = np.array([np.diag([math.exp(log / 2), math.exp(-log / 2)]) for log in logs])
    yield Round(1.0, stretches / TILE, _PLAIN_DECODES, _stretched)
    for crop in wider:
        yield _crops(*crop)
    for frame in _FRAMES:
        yield _frame(*frame)


def exhaustive() -> Iterator[Round]:
    """What `deep` leaves out: rotated and cropped, turned and cropped, small in a large frame."""
    rotations = np.array([_turn(turn) for turn in _about_zero(_TURNED, _TURNED_STEP)])
    scales = np.exp(np.arange(0, _TURNED_CROP, _TURNED_CROP_STEP))
    for some in np.array_split(scales, _TURNED_ROUNDS):
        matrices = rotations[None] / (TILE * some[:, None, None, None])
        yield Round(1.0, matrices.reshape(-1, 2, 2), _TURNED_DECODES, _rotated_crop)
    for crop in _CROPS[:_ORIENTED_CROPS]:
        for name, matrix in ORIENTATIONS.items():
            yield _crops(*crop, np.array(matrix), f"{name} and ")
    yield _frame(*_SMALL_FRAME)


FRAMED = "framed"
"""How a picture is called that shows the marked one among other things."""

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


def _crops(
    zoom: float, least: float, most: float, upright: Matrix | None = None, prefix: str = ""
) -> Round:
    matrices = _scaled(least, most) @ (np.eye(2) if upright is None else upright)
    return Round(zoom, matrices, _CROP_DECODES, lambda matrix: prefix + _cropped(matrix))


def _frame(zoom: float, least: float, most: float) -> Round:
    return Round(zoom, _scaled(least, most), _CROP_DECODES, _framed)


def _scaled(least: float, most: float) -> Matrix:
    # d log(scale) = step * scale, so the scales are evenly spaced in 1 / scale.
    count = math.ceil((1 / least - 1 / most) / _SCALE_STEP)
    shares = np.linspace(1 / least, 1 / most, count + 1)
    return np.eye(2) / TILE * shares[:, None, None]


def _about_zero(most: float, step: float) -> list[float]:
    """Steps up to `most` either way, without zero itself."""
    count = round(most / step)
    return [at * step for at in range(-count, count + 1) if at]


def _turn(degrees: float) -> Matrix:
    angle = math.radians(degrees)
    return np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]],
    )


def _scale(matrix: Matrix) -> float:
    return 1 / (TILE * math.sqrt(abs(np.linalg.det(matrix))))


def _cropped(matrix: Matrix) -> str:
    return f"cropped to 1/{_scale(matrix):.3f}"


def _framed(matrix: Matrix) -> str:
    return f"{FRAMED}, shown at {_scale(matrix):.3f}"


def _rotated(matrix: Matrix) -> str:
    return f"rotated by {math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])):.1f} degrees"


def _stretched(matrix: Matrix) -> str:
    return f"width over height changed by {matrix[0, 0] / matrix[1, 1]:.3f}"


def _rotated_crop(matrix: Matrix) -> str:
    return f"{_rotated(matrix)} and {_cropped(matrix)}"
