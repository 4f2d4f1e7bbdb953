"""Grounds to write on, and contrast as WCAG defines it, written anew as a check on the label's."""

import numpy as np
from numpy.typing import NDArray

from pipelines.types import Pixels

SIDE = 512


def even(width: int, height: int, colour: tuple[int, ...]) -> Pixels:
    return np.full((height, width, len(colour)), colour, np.uint8)


def gradient(width: int, height: int) -> Pixels:
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)))


def noise(width: int, height: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _edge() -> Pixels:
    """Black above white, and the edge runs through the label."""
    picture = even(SIDE, SIDE, (0, 0, 0))
    picture[480:] = 255
    return picture


def _speck() -> Pixels:
    """One bright pixel under the label of a dark picture."""
    picture = even(SIDE, SIDE, (10, 20, 15))
    picture[484, 430] = 255
    return picture


def _checker() -> Pixels:
    rows, columns = np.mgrid[:SIDE, :SIDE] // 8
    return np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


GROUNDS = {
    "white": even(SIDE, SIDE, (255, 255, 255)),
    "black": even(SIDE, SIDE, (0, 0, 0)),
    "mid grey": even(SIDE, SIDE, (118, 118, 118)),
    "red": even(SIDE, SIDE, (220, 20, 30)),
    "blue": even(SIDE, SIDE, (30, 60, 230)),
    "yellow": even(SIDE, SIDE, (255, 230, 0)),
    "gradient": gradient(SIDE, SIDE),
    "steep gradient": gradient(SIDE, SIDE)[:, ::-1].copy(),
    "colours": np.stack(
        [gradient(SIDE, SIDE)[..., 0], *[gradient(SIDE, SIDE)[::-1, ::-1, 0]] * 2], 2
    ),
    "noise": noise(SIDE, SIDE),
    "faint noise": 100 + noise(SIDE, SIDE) // 6,
    "checker": _checker(),
    "edge": _edge(),
    "speck": _speck(),
}


def luminance(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """WCAG relative luminance of colours from 0 to 255."""
    value = pixels / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = luminance(first) + 0.05, luminance(second) + 0.05
    return np.maximum(a, b) / np.minimum(a, b)


def changed_box(before: Pixels, after: Pixels) -> tuple[slice, slice]:
    """The smallest box that holds every changed pixel."""
    changed = (before != after).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
