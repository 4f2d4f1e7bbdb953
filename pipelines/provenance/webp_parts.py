"""Steps through a WebP's chunks. Every length in it may be a lie.

Source: RFC 9649, 2.3 to 2.7.
"""

import struct

from pipelines.provenance.parts import MAX_BLOCKS, Parts
from pipelines.types import Size

_RIFF_BYTES = 12
_HEAD = struct.Struct("<4sI")
_SIDE = 0x3FFF
"""The bits of a side of a frame that say how long it is; those above scale it."""


def is_webp(data: memoryview) -> bool:
    """Whether the file begins as a WebP does."""
    return bytes(data[:4]) == b"RIFF" and bytes(data[8:_RIFF_BYTES]) == b"WEBP"


def collect(data: memoryview, parts: Parts) -> None:
    """Find the parts of a WebP."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        parts.fault("the file is shorter than it says")
    at = _RIFF_BYTES
    for _ in range(MAX_BLOCKS):
        if at >= min(end, len(data)):
            return
        if len(data) - at < _HEAD.size:
            parts.fault("the file ends within a chunk")
            return
        kind, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + length > len(data):
            parts.fault("a chunk says that it is longer than the file")
            return
        _read(kind, data[at : at + length], parts)
        at += length + length % 2
    parts.fault(f"the file has more than {MAX_BLOCKS} chunks")


def _read(kind: bytes, body: memoryview, parts: Parts) -> None:
    if kind == b"XMP " and (found := parts.take(body, "XMP")) is not None:
        parts.xmp.append(found)
    elif kind == b"EXIF" and (found := parts.take(body, "EXIF")) is not None:
        parts.exif.append(found)
    elif parts.size is None:
        parts.size = _size(kind, body)


def _size(kind: bytes, body: memoryview) -> Size | None:
    if kind == b"VP8X" and len(body) >= 10:
        return Size(_little(body[4:7]) + 1, _little(body[7:10]) + 1)
    if kind == b"VP8L" and len(body) >= 5:
        bits = _little(body[1:5])
        return Size((bits & _SIDE) + 1, (bits >> 14 & _SIDE) + 1)
    if kind == b"VP8 " and len(body) >= 10:
        return Size(_little(body[6:8]) & _SIDE, _little(body[8:10]) & _SIDE)
    return None


def _little(data: memoryview) -> int:
    return int.from_bytes(data, "little")
