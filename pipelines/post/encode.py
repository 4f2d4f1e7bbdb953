"""Turns finished pixels into the bytes of a PNG, JPEG or WebP file.

The same pixels give the same bytes. No metadata is written.
"""

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.errors import TooLarge, TooSmall, UnsupportedValue
from pipelines.png import encode_png

Format: TypeAlias = Literal["png", "jpeg", "webp"]

EXTENSIONS: Mapping[Format, str] = MappingProxyType({"png": "png", "jpeg": "jpg", "webp": "webp"})
"""File name endings, without the dot."""

MEDIA_TYPES: Mapping[Format, str] = MappingProxyType(
    {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
)

_BEST_QUALITY = 95
"""What `compression` 100 means. Above it files double and nothing is seen.
Source: Pillow's handbook, "values above 95 should be avoided"."""
_FULL_COLOUR_QUALITY = 85
"""From here on JPEG keeps full colour resolution, so that coloured edges and letters stay sharp."""


def encode(pixels: NDArray[np.uint8], format: Format, compression: int = 100) -> bytes:  # noqa: A002 - the API's own word
    """Encode pixels as a file.

    `compression` is the API's `output_compression`: the quality of JPEG and WebP in per cent, where
    100 is their quality 95 and the rest is proportional (80 is 76). PNG is always lossless.

    Shapes: pixels [height, width, 3] RGB or [height, width, 4] RGBA with straight alpha.
    Raises: UnsupportedValue: alpha in a JPEG; TooSmall, TooLarge: compression outside 0 to 100.
    """
    _check(pixels, format, compression)
    if format == "png":
        return encode_png(pixels)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    file = io.BytesIO()
    quality = max(1, round(compression / 100 * _BEST_QUALITY))
    if format == "jpeg":
        subsampling = "4:4:4" if quality >= _FULL_COLOUR_QUALITY else "4:2:0"
        picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    else:
        picture.save(file, "WEBP", quality=quality, method=2)
    return file.getvalue()


def _check(pixels: NDArray[np.uint8], format: Format, compression: int) -> None:  # noqa: A002 - the API's own word
    if compression < 0:
        raise TooSmall(
            f"output_compression must be within 0..100, not {compression}", "output_compression"
        )
    if compression > 100:
        raise TooLarge(
            f"output_compression must be within 0..100, not {compression}", "output_compression"
        )
    if format == "jpeg" and pixels.shape[2] == 4:
        raise UnsupportedValue(
            "jpeg cannot hold a transparent background: ask for png or webp", "output_format"
        )
