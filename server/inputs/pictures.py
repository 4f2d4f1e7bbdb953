"""Decodes pictures that came from outside: any supported file to upright sRGB pixels.

Rule 1: what a file is stands in its bytes; what its sender calls it is never looked at.
Rule 2: the header is checked before a pixel is decoded, so memory is bounded by the rule's limits.
Rule 3: whatever a hostile file does to the decoder, the caller is told that it cannot be read.
Knows no model and no network. Blocks: call it in a thread.
"""

import hashlib
import io
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from pipelines.errors import InvalidImage
from pipelines.types import Bitmap, Size
from server.errors import ImageTooLarge, UnknownImageFormat
from server.inputs.picture_rule import InputFormat, PictureRule

_READERS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
_FORMAT_OF: Mapping[str, InputFormat] = MappingProxyType(
    {
        "JPEG": "jpeg",
        "MPO": "jpeg",
        "PNG": "png",
        "WEBP": "webp",
        "BMP": "bmp",
        "TIFF": "tiff",
        "GIF": "gif",
    }
)
_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")
_TOO_DEEP = ("I", "F")
_MOST_SCANS = 50
"""A progressive JPEG has about ten. Each is a pass over all pixels, so thousands are an attack."""
_START_OF_SCAN = b"\xff\xda"
_PIECE_BYTES = 1 << 20
"""What is hashed at a time, without Python's lock."""
_TURNS: Mapping[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)
"""What undoes each value of EXIF's orientation. Source: Exif 2.32, tag 274."""
_QUARTER_TURNS = frozenset(_TURNS[value] for value in range(5, 9))


@dataclass(frozen=True, slots=True)
class InputPicture:
    """A decoded picture, upright, in sRGB."""

    size: Size
    """As sent, turned upright."""
    rgb: Bitmap
    """At most as large as was asked to be kept, of the same shape; transparent parts are white."""
    alpha: Bitmap | None
    """0 where it is transparent, as large as `rgb`; None when it is opaque everywhere."""
    format: InputFormat
    sha256: str = ""
    """Of the file."""
    data: bytes = field(default=b"", repr=False)
    """The file itself, where it shall be kept."""


def decode(
    file: BinaryIO,
    rule: PictureRule,
    param: str,
    *,
    keep_pixels: int,
    keep_file: bool = False,
) -> InputPicture:
    """Decode the first picture in the file, keeping no more pixels than needed.

    Raises: InvalidImage: and what is wrong with it, naming the parameter.
    """
    _check_bytes(file, rule, param)
    try:
        with Image.open(file, formats=_READERS) as image:
            form = _check_header(file, image, rule, param)
            picture = _decoded(image, form, keep_pixels)
        return replace(picture, sha256=_sha256(file), data=_whole(file) if keep_file else b"")
    except InvalidImage:
        raise
    except UnidentifiedImageError:
        raise UnknownImageFormat("application/octet-stream", rule.formats, param) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InvalidImage(
            f"The picture is too large: it must have at most {rule.max_pixels} pixels.", param
        ) from None
    except Exception as error:
        # A broken file may break the decoder in any way.
        raise InvalidImage("The picture is damaged or cut off.", param) from error


def _check_bytes(file: BinaryIO, rule: PictureRule, param: str) -> None:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size == 0:
        raise InvalidImage("The picture is empty.", param)
    if size > rule.max_bytes:
        raise ImageTooLarge(rule.max_bytes, param)


def _check_header(file: BinaryIO, image: Image.Image, rule: PictureRule, param: str) -> InputFormat:
    form = _FORMAT_OF[image.format or ""]
    if form not in rule.formats:
        raise UnknownImageFormat(f"image/{form}", rule.formats, param)
    rule.check_size(Size(*image.size), param)
    if image.mode in _TOO_DEEP:
        raise InvalidImage("The picture has 32 bits per channel: send 8 or 16.", param)
    if form == "jpeg" and _scans(file) > _MOST_SCANS:
        raise InvalidImage("The picture has too many scans: save it anew.", param)
    return form


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _scans(file: BinaryIO) -> int:
    """Passes over the picture: within one, the bytes of this marker cannot occur."""
    position = file.tell()
    file.seek(0)
    try:
        return file.read().count(_START_OF_SCAN)
    finally:
        file.seek(position)


def _decoded(image: Image.Image, form: InputFormat, keep_pixels: int) -> InputPicture:
    width, height = image.size
    kept = _kept(width, height, keep_pixels)
    image.draft("RGB", kept)
    image.load()
    turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    profile = image.info.get("icc_profile")
    plain = _eight_bits(image)
    if plain.size != kept:
        plain = plain.resize(kept, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if turn is not None:
        plain = plain.transpose(turn)
        if turn in _QUARTER_TURNS:
            width, height = height, width
    rgb, alpha = _on_white(_to_srgb(plain, profile), _alpha(plain))
    seen_through = None if alpha is None else _bitmap(alpha)
    return InputPicture(Size(width, height), _bitmap(rgb), seen_through, form)


def _kept(width: int, height: int, keep_pixels: int) -> tuple[int, int]:
    shrink = min(1.0, math.sqrt(keep_pixels / (width * height)))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _eight_bits(image: Image.Image) -> Image.Image:
    """The same picture as L, CMYK, RGB or RGBA."""
    if image.mode in _SIXTEEN_BITS:
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("L", "CMYK", "RGB", "RGBA") and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as sRGB shows them. A profile that does not fit the picture is not followed."""
    if profile and image.mode in ("L", "CMYK", "RGB", "RGBA"):
        opaque = image.convert("RGB") if image.mode == "RGBA" else image
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                opaque, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            assert converted is not None, "only a conversion in place returns None"
            return converted
    return image.convert("RGB")


def _alpha(image: Image.Image) -> Image.Image | None:
    if image.mode != "RGBA":
        return None
    alpha = image.getchannel("A")
    return None if alpha.getextrema() == (255, 255) else alpha


def _on_white(
    rgb: Image.Image, alpha: Image.Image | None
) -> tuple[Image.Image, Image.Image | None]:
    if alpha is None:
        return rgb, None
    paper = Image.new("RGB", rgb.size, "white")
    paper.paste(rgb, mask=alpha)
    return paper, alpha


def _bitmap(image: Image.Image) -> Bitmap:
    return Bitmap.of(np.asarray(image))
