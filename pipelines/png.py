"""Writes pixels as a PNG file, in stripes, so that a large picture needs little more than its file.

Every row is stored as its difference to the row above and deflated by ISA-L, which is ten times as
fast as zlib and lets go of the interpreter's lock. Knows pixels, and no meaning of a text.
"""

import struct
from collections.abc import Iterator

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {3: 2, 4: 6}
"""RGB and RGBA, by the number of channels. Source: PNG specification, 11.2.1."""
_BITS = 8
_UP = 2
"""The row filter. Source: PNG specification, 9.2."""
_LEVEL = 1
"""ISA-L's higher levels make drawn pictures and photographs less than 1 % smaller."""
_STRIPE_BYTES = 1 << 20
_INTERNATIONAL = b"\0" + b"\0\0" + b"\0" + b"\0"
"""End of the keyword, no compression, no language, no translated keyword."""
_PROFILE_NAME = b"ICC Profile\0" + b"\0"
"""A name and the only method of compression. Source: PNG specification, 11.3.2.3."""


def encode_png(pixels: NDArray[np.uint8], chunks: bytes = b"") -> bytes:
    """Encode pixels without loss, behind further chunks; the same pixels give the same bytes.

    Shapes: pixels [height, width, 3] RGB or [height, width, 4] RGBA with straight alpha.
    """
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, _BITS, _COLOUR_TYPES[channels], 0, 0, 0)
    data = (_chunk(b"IDAT", piece) for piece in _deflated(pixels))
    return b"".join((_SIGNATURE, _chunk(b"IHDR", header), chunks, *data, _chunk(b"IEND", b"")))


def text_chunk(keyword: str, text: str) -> bytes:
    """A text that readers find by its keyword; plain ASCII in the form that the oldest read too.

    Source: PNG specification, 11.3.3.
    """
    if text.isascii():
        return _chunk(b"tEXt", f"{keyword}\0{text}".encode())
    return international_text_chunk(keyword, text)


def international_text_chunk(keyword: str, text: str) -> bytes:
    """A text in UTF-8, not compressed, of no language, as XMP must be written."""
    return _chunk(b"iTXt", keyword.encode() + _INTERNATIONAL + text.encode())


def colour_profile_chunk(profile: bytes) -> bytes:
    """The ICC profile of the pixels."""
    return _chunk(b"iCCP", _PROFILE_NAME + isal_zlib.compress(profile, _LEVEL))


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = isal_zlib.crc32(data, isal_zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", checksum)))


def _deflated(pixels: NDArray[np.uint8]) -> Iterator[bytes]:
    deflate = isal_zlib.compressobj(_LEVEL)
    for stripe in _stripes(pixels):
        if piece := deflate.compress(stripe):
            yield piece
    yield deflate.flush()


def _stripes(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Filtered rows, each behind the byte that names its filter."""
    height, width, channels = pixels.shape
    row_bytes = width * channels
    rows = max(1, _STRIPE_BYTES // row_bytes)
    above = np.zeros(row_bytes, np.uint8)
    for top in range(0, height, rows):
        # One stripe at a time, because pixels that are a view of something must be copied for it.
        stripe = pixels[top : top + rows].reshape(-1, row_bytes)
        filtered = np.empty((len(stripe), 1 + row_bytes), np.uint8)
        filtered[:, 0] = _UP
        np.subtract(stripe[0], above, out=filtered[0, 1:])
        np.subtract(stripe[1:], stripe[:-1], out=filtered[1:, 1:])
        above = stripe[-1]
        yield filtered
