"""Steps through a JPEG's segments up to its pixels. Every length in it may be a lie.

Source: ITU-T T.81, annex B; XMP specification, part 3, 1.1.3; Exif 2.32, 4.7.2.
"""

import re

from pipelines.provenance.parts import MAX_BLOCKS, Parts
from pipelines.types import Size

SIGNATURE = b"\xff\xd8\xff"
_FILL = re.compile(rb"\xff+")
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment."""
_PIXELS = frozenset({0xD9, 0xDA})
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_APPLICATIONS = range(0xE0, 0xF0)
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF = b"Exif\0\0"
_LABEL = b"AIGC"
_LONGEST_NAME = 40


def collect(data: memoryview, parts: Parts) -> None:
    """Find the parts of a JPEG."""
    at = 2
    for _ in range(MAX_BLOCKS):
        fill = _FILL.match(data, at)
        if fill is None or fill.end() >= len(data):
            parts.fault("the segments end before the picture begins")
            return
        marker, at = data[fill.end()], fill.end() + 1
        if marker in _PIXELS:
            return
        if marker in _ALONE:
            continue
        length = int.from_bytes(data[at : at + 2])
        if length < 2 or at + length > len(data):
            parts.fault("a segment has a length that cannot be")
            return
        _read(marker, data[at + 2 : at + length], parts)
        at += length
    parts.fault(f"the file has more than {MAX_BLOCKS} segments")


def _read(marker: int, body: memoryview, parts: Parts) -> None:
    if marker in _FRAMES and len(body) >= 5:
        parts.size = Size(int.from_bytes(body[3:5]), int.from_bytes(body[1:3]))
    if marker not in _APPLICATIONS:
        return
    name = bytes(body[:_LONGEST_NAME])
    for prefix, what, kept in (
        (_XMP, "XMP", parts.xmp),
        (_EXIF, "EXIF", parts.exif),
        (_LABEL, "the segment AIGC", parts.segments),
    ):
        if name.startswith(prefix):
            found = parts.take(body[len(prefix) :], what)
            if found is not None:
                kept.append(found)
    if name.startswith(_MORE_XMP):
        parts.fault("its extended XMP is not read")
