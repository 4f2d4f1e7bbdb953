"""Decides how large a label is and where it lies. Knows styles, corners and sizes; no pixels."""

import math
from functools import lru_cache

from pipelines.errors import TooSmall
from pipelines.label.lettering import Letters, font_size, measure
from pipelines.label.style import Corner, Style
from pipelines.types import Bitmap, Size

_CAP_SHARE = 0.05
"""Height of a capital letter over the picture's short side.
Source: GB 45438-2025, 5.2 (text height), read as the cap height, the strictest reading."""
_COMPACT_EM_SHARE = 0.03
"""Of the picture's width. Source: measured on published pictures of Doubao."""
_READABLE_CAP = 9
"""A capital lower than this is hard to read, so small pictures get a larger share than 5 %."""
_SMALLEST_CAP = 5
_MARGIN_SHARE = 0.014
"""Between the label's box and the picture's edge, over the short side."""

_KEPT_SIZES = 64


@lru_cache(maxsize=_KEPT_SIZES)
def fitting_size(text: str, style: Style, logo: Bitmap | None, picture: Size) -> int:
    """The size of the font: as large as the style asks, or as the picture can hold.

    Raises: TooSmall: the picture cannot hold the text at any readable size.
    """
    size = _wanted_size(style, picture)
    margins = 2 * _margin(picture)
    while True:
        box = measure(text, size, logo)
        if box.width + margins <= picture.width and box.height + margins <= picture.height:
            return size
        if box.cap <= _SMALLEST_CAP:
            raise TooSmall(f"a picture of {picture} pixels is too small for the label {text!r}")
        size -= max(1, size // 50)


def place(letters: Letters, corner: Corner, picture: Size) -> tuple[slice, slice]:
    """The label's rows and columns in the picture."""
    margin = _margin(picture)
    left = margin if corner.endswith("left") else picture.width - margin - letters.width
    top = margin if corner.startswith("top") else picture.height - margin - letters.height
    return slice(top, top + letters.height), slice(left, left + letters.width)


def _wanted_size(style: Style, picture: Size) -> int:
    full = font_size(max(math.ceil(_CAP_SHARE * picture.short_side), _READABLE_CAP))
    if style != "compact":
        return full
    return min(full, max(round(_COMPACT_EM_SHARE * picture.width), font_size(_READABLE_CAP)))


def _margin(picture: Size) -> int:
    return max(1, round(_MARGIN_SHARE * picture.short_side))
