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
_WANTED = 1.5
"""By how many of their deviations the coded bits should be right once the picture was worn."""
_ENOUGH = 0.97
"""Of that, what ends the search for a strength."""
_TRIES = 2
_WEAR_QUALITY = 60
"""Of JPEG at the canonical size: at 1024 x 1024 half the size and quality 70 do less, and WebP at
50 does more."""
_SHAPING = 0.75
"""The power by which what is left decides over energy: 0 ignores it, 1.5 starves the rest."""
_SHAPINGS = 3
_SHAPING_SPAN = 201
_SHAPING_LEAST = 0.05
_ROUNDS = 8
_STEP = 0.5
_LEAST = 1e-6
_LEAST_GAIN, _MOST_GAIN = 0.2, 4.0


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
    amplitudes, strength = _shaped(plane, hiding, waves, strongest)
    for attempt in range(_TRIES):
        room = hiding * np.float32(strength)
        added = room * waves.field(_balanced(plane, room, waves, amplitudes), plane.shape)
        margin = waves.margin(waves.told(worn(plane + added, shrink)))
        wanted = _stronger(strength, margin, strongest)
        if margin >= _WANTED * _ENOUGH or wanted == strength or attempt == _TRIES - 1:
            break
        strength = wanted
    return Residual(added, strength, margin)


def _shaped(
    plane: Plane, hiding: Plane, waves: Waves, strongest: float
) -> tuple[NDArray[np.float32], float]:
    """Amplitudes by what wear leaves, and about the strength that they need.

    Again with the new amplitudes where it left too little: then other fineness shows what it bears.
    """
    amplitudes, strength = waves.layout.weight, _WEAKEST
    for _ in range(_SHAPINGS):
        added = hiding * (waves.field(amplitudes, plane.shape) * np.float32(strength))
        told = waves.told(worn(plane + added))
        margin = waves.margin(told)
        strength = _stronger(strength, margin, strongest)
        enough = margin >= _WANTED and amplitudes is not waves.layout.weight
        amplitudes = waves.layout.weight * _left(told, waves.layout.weight)
        if enough:
            break
    return amplitudes, strength


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
    """Amplitudes at which all coded bits are about equally sure in the unworn picture.

    One reading tells what the picture itself says. From there a bit is taken to grow with its gain.
    """
    layout = waves.layout
    marked = np.clip(plane + hiding * waves.field(amplitudes, plane.shape), 0, WHITE)
    told = waves.told(marked)
    response = waves.response(told)[layout.payload]
    gain = np.ones(layout.coded, np.float32)
    relative = gain[layout.bit]
    for _ in range(_ROUNDS):
        expected = told.copy()
        expected[layout.payload] += response * (relative - 1)
        bits = waves.bits(expected)
        gain *= 1 + _STEP * np.clip(1 - bits / max(float(bits.mean()), _LEAST), -1, 1)
        np.clip(gain, _LEAST_GAIN, _MOST_GAIN, out=gain)
        # Relative to each other: what all bits lack must not be taken from the sync carriers.
        relative = gain[layout.bit] / np.sqrt((gain[layout.bit] ** 2).mean())
    balanced = amplitudes.copy()
    balanced[layout.payload] *= relative
    return balanced
