"""Reads colours, settings, counts and places off a picture's pixels: nothing here is trained.

Colour: the palette colours that the middle of a picture has more of than its left and right rim,
row by row, for settings run across the whole picture and subjects do not. Setting: the rim is
compared with the rims of rendered pictures whose setting is known. Count, position and relation:
only on a plain ground, where whatever differs from the rim's colour stands in pieces.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipelines.embedded.palette import PALETTE
from pipelines.types import Pixels

_RIM = 0.1
"""Width of the rim. Units: shares of the side."""
_ROWS = slice(0.25, 0.9)
_COLUMNS = slice(0.26, 0.74)
_BANDS = 8
_NEIGHBOURS = 5
_LIGHTER, _DARKER = 0.3, 0.25
_NAMES = tuple(PALETTE)
_STANDS_OUT = 17.0
"""How far a pixel is from the ground's colour when it belongs to a thing. Units: CIE L*a*b*."""
_LEAST_PIECE = 0.012
"""Of the picture: smaller pieces are dust."""
_CLOSE = 2
"""Gaps of so many pixels are closed before pieces are counted, at a short side of 128."""
_LOOKED_AT = 128
_ASIDE = 0.12
"""How far from the middle a thing is at one side. Units: shares of the side."""


def colour_of(picture: Pixels) -> str:
    """The palette's name for the colour of what stands in the middle."""
    names = _named(picture[::2, ::2])
    height, width = names.shape
    rim = max(1, round(width * _RIM))
    rows, columns = _span(_ROWS, height), _span(_COLUMNS, width)
    middle = _shares(names[rows, columns])
    around = _shares(np.concatenate([names[rows, :rim], names[rows, -rim:]], axis=1))
    excess = np.clip(middle - around, 0, None).sum(0)
    return _NAMES[int(excess.argmax())]


def rim_of(picture: Pixels) -> NDArray[np.float32]:
    """What a picture shows at its rim: mean colour and unrest of horizontal bands.

    Two strips deep, for a watercolour's outer one is bare paper.
    """
    rim = max(1, round(picture.shape[1] * _RIM))
    outer = np.concatenate([picture[:, :rim], picture[:, -rim:]], axis=1)
    inner = np.concatenate([picture[:, rim : 2 * rim], picture[:, -2 * rim : -rim]], axis=1)
    return np.concatenate([_bands(outer), _bands(inner)])


def _bands(strip: Pixels) -> NDArray[np.float32]:
    bands = np.array_split(strip.astype(np.float32), _BANDS, axis=0)
    means = [band.mean((0, 1)) for band in bands]
    unrest = [np.atleast_1d(band.std((0, 1)).mean()) for band in bands]
    return np.concatenate([*means, *unrest]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Settings:
    """Rims of rendered pictures, and the setting each was drawn in (its colour too when plain)."""

    rims: NDArray[np.float32]
    names: Sequence[tuple[str, str | None]]

    @classmethod
    def learn(
        cls, pictures: Sequence[Pixels], names: Sequence[tuple[str, str | None]]
    ) -> "Settings":
        return cls(np.stack([rim_of(picture) for picture in pictures]), names)

    def of(self, picture: Pixels) -> tuple[str, str | None]:
        """The setting most of the nearest rims have."""
        distances = np.square(self.rims - rim_of(picture)).sum(1)
        nearest = np.argsort(distances)[:_NEIGHBOURS]
        votes = Counter(self.names[int(index)] for index in nearest)
        return votes.most_common(1)[0][0]


@dataclass(frozen=True, slots=True)
class Piece:
    """A connected thing before a plain ground. Units: shares of the width and the height."""

    x: float
    y: float
    area: float
    colour: str


def pieces(picture: Pixels) -> list[Piece]:
    """What stands out from a plain ground, the largest first."""
    step = max(1, round(min(picture.shape[:2]) / _LOOKED_AT))
    small = picture[::step, ::step]
    height, width = small.shape[:2]
    lab = _lab(small.astype(np.float64))
    rim = np.concatenate([lab[:3].reshape(-1, 3), lab[-3:].reshape(-1, 3),
                          lab[:, :3].reshape(-1, 3), lab[:, -3:].reshape(-1, 3)])  # fmt: skip
    away = np.sqrt(np.square(lab - np.median(rim, axis=0)).sum(-1))
    thing = ndimage.binary_closing(away > _STANDS_OUT, iterations=_CLOSE)
    labels, count = ndimage.label(ndimage.binary_fill_holes(thing))
    names = _named(small)
    found = []
    for number in range(1, count + 1):
        rows, columns = np.nonzero(labels == number)
        area = len(rows) / (height * width)
        if area >= _LEAST_PIECE:
            colours = Counter(names[rows, columns][away[rows, columns] > _STANDS_OUT].tolist())
            colour = _NAMES[colours.most_common(1)[0][0]] if colours else _NAMES[0]
            middle = float(columns.mean() / width), float(rows.mean() / height)
            found.append(Piece(*middle, area, colour))
    return sorted(found, key=lambda piece: -piece.area)


def position_of(found: Sequence[Piece]) -> str | None:
    """Where the largest piece stands: centre, left, right, top or bottom; None without any."""
    if not found:
        return None
    across, down = found[0].x - 0.5, found[0].y - 0.5
    if max(abs(across), abs(down)) < _ASIDE:
        return "centre"
    if abs(across) > abs(down):
        return "left" if across < 0 else "right"
    return "top" if down < 0 else "bottom"


def arrangement_of(found: Sequence[Piece]) -> tuple[str, str, str] | None:
    """How the two largest pieces stand, and their colours: the upper's or the left one's first."""
    if len(found) < 2:
        return None
    first, second = found[:2]
    across, down = abs(first.x - second.x), abs(first.y - second.y)
    if across > down:
        first, second = sorted((first, second), key=lambda piece: piece.x)
        return "beside", first.colour, second.colour
    first, second = sorted((first, second), key=lambda piece: piece.y)
    return "above", first.colour, second.colour


def _named(picture: Pixels) -> NDArray[np.intp]:
    """The nearest palette colour of every pixel, shaded variants of it included."""
    shades = np.array([_shaded(rgb) for rgb in PALETTE.values()], np.float64)
    lab = _lab(picture.astype(np.float64).reshape(-1, 1, 1, 3))
    distances = np.square(lab - _lab(shades)[None]).sum(-1).min(2)
    named: NDArray[np.intp] = distances.argmin(1).reshape(picture.shape[:2])
    return named


def _shaded(rgb: tuple[float, float, float]) -> list[tuple[float, ...]]:
    lighter = tuple(c + (255 - c) * _LIGHTER for c in rgb)
    darker = tuple(c * (1 - _DARKER) for c in rgb)
    return [rgb, lighter, darker]


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of sRGB colours, white at D65."""
    scaled = rgb / 255
    straight = np.where(scaled > 0.04045, ((scaled + 0.055) / 1.055) ** 2.4, scaled / 12.92)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = straight @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def _shares(names: NDArray[np.intp]) -> NDArray[np.float64]:
    """Per row, the share of its pixels that bears each name."""
    return np.stack([(names == index).mean(1) for index in range(len(_NAMES))], 1)


def _span(share: slice, side: int) -> slice:
    return slice(round(share.start * side), round(share.stop * side))
