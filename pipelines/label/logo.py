"""Reads the picture that may stand before a label's text. Knows files of PNG, no places of them."""

import io

import numpy as np
from PIL import Image

from pipelines.errors import InvalidImage
from pipelines.types import Bitmap

_MOST_BYTES = 4 << 20
_MOST_SIDE = 4096
_LONGEST = 8
"""Widths over heights beyond this leave no room for the text."""


def read_logo(data: bytes) -> Bitmap:
    """Decode a logo, cut to what can be seen of it: RGBA, straight alpha.

    Raises: InvalidImage: it is no PNG with alpha, or none that can stand before a text.
    """
    if len(data) > _MOST_BYTES:
        raise InvalidImage(f"the logo has {len(data)} bytes; {_MOST_BYTES} are allowed")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            _check(picture)
            shown = picture.convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidImage(f"the logo cannot be read as a PNG: {error}") from error
    box = shown.getchannel("A").getbbox()
    if box is None:
        raise InvalidImage("the logo is transparent everywhere")
    shown = shown.crop(box)
    if shown.width > _LONGEST * shown.height:
        raise InvalidImage(
            f"the logo is {shown.width} pixels wide and {shown.height} high; it may be "
            f"{_LONGEST} times as wide as high"
        )
    return Bitmap.of(np.asarray(shown))


def _check(picture: Image.Image) -> None:
    if max(picture.size) > _MOST_SIDE:
        raise InvalidImage(
            f"the logo measures {picture.width}x{picture.height}; sides up to {_MOST_SIDE} pixels "
            "are allowed"
        )
    if not picture.has_transparency_data:
        raise InvalidImage("the logo has no transparency: save it as a PNG with alpha")
