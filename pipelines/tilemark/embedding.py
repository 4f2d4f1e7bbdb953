"""Makes what is added to a canonical picture: waves shaped to it and to what it will meet.

Fineness that a JPEG file leaves gets more of the energy, bits that the picture itself contradicts
get more than those it happens to agree with, and the whole gets the strength at which enough is
left. Knows canonical planes and waves, no files and no keys.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.tilemark import reading
from pipelines.tilemark.canonical import WHITE, Plane, resized
from pipelines.tilemark.waves import Waves

_WEAKEST = 1.0
_WANTED = 1.25
"""By how many of their deviations the coded bits should be right once the picture was worn."""
_ENOUGH = 0.97
"""Of that, what ends the search for a strength."""
_TRIES = 2
_WEAR_QUALITY = 60
"""Of JPEG at the canonical size: at 1024 x 1024 half the size and quality 70 do less, and WebP at
50 does more."""
_SHAPING = 0.75
"""The power by which what is left decides over energy: 0 ignores it, 1.5 starves the rest."""
_SHAPING_SPAN = 201
_SHAPING_LEAST = 0.05
_ROUNDS = 4
_WANTED_BIT = 6.0
"""Deviations that each coded bit should have in the unworn picture."""
_STEP = 0.5
_LEAST = 1e-6
_LEAST_GAIN, _MOST_GAIN = 0.35, 3.0


@dataclass(frozen=True, slots=True)
class Residual:
    """What to add to a canonical picture, how strong it is, and how much of it wear leaves."""

    plane: Plane
    strength: float
    margin: float


def residual(
    plane: Plane, hiding: Plane, waves: Waves, strongest: float, shrink: float
) -> Residual:
    """Shape the waves to a picture and find their strength.

    `shrink` is what half the size of the picture is to its canonical size, at most 1.
    """
    shape = plane.shape
    amplitudes = waves.layout.weight
    told = waves.told(worn(plane + hiding * waves.field(amplitudes, shape)))
    strength = _stronger(_WEAKEST, waves.margin(told), strongest)
    amplitudes = amplitudes * _left(told, amplitudes)
    for attempt in range(_TRIES):
        balanced = _balanced(plane, hiding * np.float32(strength), waves, amplitudes)
        added = hiding * waves.field(balanced, shape)
        margin = waves.margin(waves.told(worn(plane + added * np.float32(strength), shrink)))
        wanted = _stronger(strength, margin, strongest)
        if margin >= _WANTED * _ENOUGH or wanted == strength or attempt == _TRIES - 1:
            break
        strength = wanted
    return Residual(added * np.float32(strength), strength, margin)


def worn(plane: Plane, shrink: float = 1.0) -> Plane:
    """A plane as it comes back from a JPEG file of a smaller copy."""
    height, width = plane.shape
    small = resized(plane, round(height * shrink), round(width * shrink)) if shrink < 1 else plane
    levels = np.rint(np.clip(small, 0, WHITE)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=_WEAR_QUALITY)
    with Image.open(file) as picture:
        returned = np.asarray(picture, np.float32)
    return resized(returned, height, width) if shrink < 1 else returned


def _stronger(strength: float, margin: float, strongest: float) -> float:
    """The strength at which the margin should be what is wanted; it grows about in proportion."""
    return min(strongest, max(_WEAKEST, strength * _WANTED / max(margin, 1e-3)))


def _left(told: NDArray[np.float32], amplitudes: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much energy each carrier deserves: by what wear leaves of its fineness."""
    left = reading.running_mean(told, _SHAPING_SPAN) / amplitudes
    left /= max(float(left.max()), _LEAST)
    deserved: NDArray[np.float32] = np.maximum(left, _SHAPING_LEAST) ** np.float32(_SHAPING)
    return deserved


def _balanced(
    plane: Plane, hiding: Plane, waves: Waves, amplitudes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Amplitudes at which all coded bits are about equally sure in the unworn picture."""
    layout = waves.layout
    gain = np.ones(layout.coded, np.float32)
    balanced = amplitudes.copy()
    for _ in range(_ROUNDS):
        marked = np.clip(plane + hiding * waves.field(balanced, plane.shape), 0, WHITE)
        short = (_WANTED_BIT - waves.bits(waves.told(marked))) / _WANTED_BIT
        gain *= 1 + _STEP * np.clip(short, -0.5, 1.5)
        np.clip(gain, _LEAST_GAIN, _MOST_GAIN, out=gain)
        # Relative to each other: what all bits lack must not be taken from the sync carriers.
        level = np.sqrt((gain[layout.bit] ** 2).mean())
        balanced[layout.payload] = amplitudes[layout.payload] * (gain[layout.bit] / level)
    return balanced
