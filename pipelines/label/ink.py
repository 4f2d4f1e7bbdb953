"""Chooses what a label is drawn with: black or white, and how thick a veil the ground needs.

The rule it keeps: under the full veil every pixel of the ground differs from the ink by a contrast
of at least 4.5 (WCAG's AA for text). The veil is white under black ink and black under white ink.
Knows pixels; nothing of letters.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.types import Pixels

MIN_CONTRAST = 4.5
"""Source: WCAG 2.2, success criterion 1.4.3."""

BLACK, WHITE = 0, 255

_LINEAR = np.array(
    [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255],
    dtype=np.float32,
)
_LUMA_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""sRGB to relative luminance. Source: WCAG 2.2, definition of relative luminance."""
_LIGHT = _LUMA_WEIGHTS[:, None] * _LINEAR
"""What a channel's value adds to the luminance, [channel, value]."""
_FLARE = 0.05
"""Source: WCAG 2.2, definition of contrast ratio."""
_DARK_ENOUGH = (1 + _FLARE) / MIN_CONTRAST - _FLARE
"""The brightest luminance that white ink may stand on."""
_BRIGHT_ENOUGH = MIN_CONTRAST * _FLARE - _FLARE
"""The darkest luminance that black ink may stand on."""
_ROUNDING = 2 / 255
"""What Pillow's eight bits may take from a veil."""
_BANDS = 24
_SAMPLES = 24
"""Pixels looked at along the short side of the label's box to judge the ground as a whole."""
_UNREST = 0.14
"""The deviation of a ground's brightness beyond which letters need a plate."""
_DARK_GROUND = 0.36
"""Where neither ink can do without a veil, grounds up to this mean luminance get white ink: on a
medium ground a dark shadow is seen less than a bright one."""


@dataclass(frozen=True, slots=True)
class Ink:
    """Units: veil from 0 to 1, the least opacity at which the ground contrasts enough."""

    level: int
    """Of all three channels."""
    veil: float
    restless: bool
    """Whether the ground distracts from letters, however well they contrast."""

    @property
    def veil_level(self) -> int:
        return WHITE - self.level


def choose_ink(ground: Pixels, only: int | None = None) -> Ink:
    """Decide by every pixel of the ground; `only` leaves no choice but of the veil.

    A transparent pixel may come to lie on any page, so it counts as black and as white.

    Shapes: ground [height, width, 3 or 4].
    """
    darkest, brightest = _extremes(ground)
    mean, deviation = _mood(ground)
    veils = {BLACK: _white_veil(darkest), WHITE: _black_veil(brightest)}
    level = only
    if level is None and not all(veils.values()):
        level = min(veils, key=lambda ink: veils[ink])
    if level is None:
        level = BLACK if mean > _DARK_GROUND else WHITE
    see_through = ground.shape[2] == 4 and bool((ground[..., 3] < 255).any())
    return Ink(level, veils[level], see_through or deviation > _UNREST)


def luminance(pixels: Pixels) -> NDArray[np.float32]:
    """Relative luminance, 0 to 1. Shapes: [..., 3] to [...]."""
    red, green, blue = (_LIGHT[c].take(pixels[..., c]) for c in range(3))
    measured: NDArray[np.float32] = red + green + blue
    return measured


def _extremes(ground: Pixels) -> tuple[float, float]:
    """A lower and an upper bound of the luminance of all pixels.

    The least and the most of each channel in a band of rows is found fast, and no pixel of the
    band lies outside of what these give.
    """
    edges = np.linspace(0, ground.shape[0], min(_BANDS, ground.shape[0]) + 1).astype(int)
    bands = [ground[top:bottom] for top, bottom in pairwise(edges)]
    low = np.stack([band.min(axis=0) for band in bands])
    high = np.stack([band.max(axis=0) for band in bands])
    if ground.shape[2] == 4:
        low, high = _on_page(low, low, BLACK), _on_page(high, low, WHITE)
    return float(luminance(low).min()), float(luminance(high).max())


def _on_page(colours: Pixels, opacity: Pixels, page: int) -> Pixels:
    """What pixels look like on a grey page. Shapes: [..., 4], [..., 4] to [..., 3]."""
    share = opacity[..., 3:].astype(np.float32) / 255
    return np.rint(share * colours[..., :3] + (1 - share) * page).astype(np.uint8)


def _mood(ground: Pixels) -> tuple[float, float]:
    """The mean luminance, and the deviation of brightness as eyes see it, both from 0 to 1."""
    step = max(1, min(ground.shape[:2]) // _SAMPLES)
    sample = ground[::step, ::step]
    if ground.shape[2] == 4:
        sample = _on_page(sample, sample, BLACK)
    return float(luminance(sample).mean()), float((sample[..., :3] @ _LUMA_WEIGHTS).std()) / 255


def _black_veil(brightest: float) -> float:
    """The opacity at which the brightest pixel is dark enough for white ink.

    Of all colours of one luminance a grey stays the brightest under a black veil, so it is enough
    to look at that: sRGB's curve makes luminance a concave function of it.
    """
    if brightest <= _DARK_ENOUGH:
        return 0.0
    return 1 - float(_brightness(_DARK_ENOUGH) / _brightness(brightest)) + _ROUNDING


def _white_veil(darkest: float) -> float:
    """The opacity at which the darkest pixel is bright enough for black ink.

    For the same reason no colour of that luminance lies below the mixture of black and white.
    """
    if darkest >= _BRIGHT_ENOUGH:
        return 0.0
    return float(_brightness((_BRIGHT_ENOUGH - darkest) / (1 - darkest))) + _ROUNDING


def _brightness(luminance: Any) -> Any:
    """The grey of that relative luminance, 0 to 1: the inverse of sRGB's curve."""
    linear = np.asarray(luminance)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
