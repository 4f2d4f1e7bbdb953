"""Turns finished pixels into the bytes of a PNG, JPEG or WebP file, with what it says of them.

The same pixels and the same information give the same bytes. Pixels without a colour profile are
sRGB, which is what every reader takes them for. No encoder holds the interpreter's lock, so as many
pictures are encoded at once as there are threads. Knows no meaning of what it writes beside them.
"""

import io
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from pipelines.errors import TooLarge, TooSmall, UnsupportedValue
from pipelines.png import (
    colour_profile_chunk,
    encode_png,
    international_text_chunk,
    text_chunk,
)

Format: TypeAlias = Literal["png", "jpeg", "webp"]

EXTENSIONS: Mapping[Format, str] = MappingProxyType({"png": "png", "jpeg": "jpg", "webp": "webp"})
"""File name endings, without the dot."""

MEDIA_TYPES: Mapping[Format, str] = MappingProxyType(
    {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
)
MAX_PARAMETERS = 65_400
"""The longest text `parameters`, in every format. Units: bytes of UTF-16.

A JPEG has 65,533 bytes for it and what is around it.
"""

_BEST_QUALITY = 95
"""What `compression` 100 means. Above it files double and nothing is seen.
Source: Pillow's handbook, "values above 95 should be avoided"."""
_FULL_COLOUR_QUALITY = 85
"""From here on JPEG keeps full colour resolution, so that coloured edges and letters stay sharp."""
_UNICODE = b"UNICODE\0"
"""What a comment of EXIF begins with. Source: Exif 2.32, tag 37510."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a file holds beside its pixels."""

    xmp: bytes | None = None
    """An XMP packet of at most 65,502 bytes."""
    parameters: str | None = None
    """How it was drawn, in the words of AUTOMATIC1111's web UI; see MAX_PARAMETERS."""
    icc: bytes | None = None
    """The colour profile of the pixels; sRGB where there is none."""


PLAIN = FileInfo()


def encode(
    pixels: NDArray[np.uint8],
    format: Format,  # noqa: A002 - the API's own word
    compression: int = 100,
    info: FileInfo = PLAIN,
) -> bytes:
    """Encode pixels as a file.

    `compression` is the API's `output_compression`: the quality of JPEG and WebP in per cent, where
    100 is their quality 95 and the rest is proportional (80 is 76). PNG is always lossless.

    Shapes: pixels [height, width, 3] RGB or [height, width, 4] RGBA with straight alpha.
    Raises: UnsupportedValue: alpha in a JPEG; TooSmall, TooLarge: compression outside 0 to 100.
    """
    _check(pixels, format, compression)
    if format == "png":
        return encode_png(pixels, _chunks(info))
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    quality = max(1, round(compression / 100 * _BEST_QUALITY))
    return _WRITERS[format](picture, quality, _segments(info))


def _jpeg(picture: Image.Image, quality: int, segments: Mapping[str, Any]) -> bytes:
    """Pillow lets go of the interpreter's lock while it writes to a file, and not to a buffer."""
    subsampling = "4:4:4" if quality >= _FULL_COLOUR_QUALITY else "4:2:0"
    with _file_in_memory() as file:
        picture.save(file, "JPEG", quality=quality, subsampling=subsampling, **segments)
        file.seek(0)
        return file.read()


def _webp(picture: Image.Image, quality: int, segments: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=2, **segments)
    return buffer.getvalue()


_WRITERS = MappingProxyType({"jpeg": _jpeg, "webp": _webp})


def _file_in_memory() -> IO[bytes]:
    """A file with a descriptor; elsewhere than on Linux it may touch the disk."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("picture"), "w+b")
    return tempfile.TemporaryFile()


def _chunks(info: FileInfo) -> bytes:
    """The chunks of a PNG that stand before its pixels."""
    parts = []
    if info.icc is not None:
        parts.append(colour_profile_chunk(info.icc))
    if info.xmp is not None:
        parts.append(international_text_chunk("XML:com.adobe.xmp", info.xmp.decode()))
    if info.parameters is not None:
        parts.append(text_chunk("parameters", info.parameters))
    return b"".join(parts)


def _segments(info: FileInfo) -> Mapping[str, Any]:
    """What Pillow is told, for JPEG and WebP alike."""
    said = {"xmp": info.xmp, "icc_profile": info.icc, "exif": _exif(info.parameters)}
    return {name: value for name, value in said.items() if value is not None}


def _exif(parameters: str | None) -> bytes | None:
    """The text as a user's comment, in the byte order that its readers take for granted."""
    if parameters is None:
        return None
    comment = _UNICODE + parameters.encode("utf-16-be")
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
    return exif.tobytes()


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
