"""Says whether the content credentials in a file are small enough to be looked into.

The library takes time that grows with the square of the number of boxes (0.4 s for 1,000, 4 s for
4,000, measured) and unpacks compressed ones, which a file of kilobytes can be full of. So boxes are
counted first, without understanding them. Knows nothing of the library.
"""

import re

MOST_BOXES = 512
"""Ten manifests of twenty assertions each are half of that."""
_MOST_SEGMENTS = 2048
"""A JPEG holds at most 64 KB in one."""
_BOX = re.compile(rb"jumd(?<=\x00\x00..jumd)", re.DOTALL)
"""The description that every box begins with. Source: ISO 19566-5, B.1."""
_COMPRESSED = b"brob"
"""A box that holds a compressed one. Source: C2PA 2.4, compressed manifests."""
_JPEG = b"\xff\xd8\xff"
_SEGMENT = b"\xff\xeb"
_SEGMENT_HEAD = 16
"""Of each segment: identifier, instance and number, then the outermost box's length and type once
more. Source: ISO 19566-5, D.2."""


def seal_fault(data: bytes) -> str | None:
    """Say why credentials are not to be looked into; None when they are, or there are none."""
    boxes = data
    if data.startswith(_JPEG):
        segments = _segments(data)
        if len(segments) > _MOST_SEGMENTS:
            return f"its content credentials are in more than {_MOST_SEGMENTS} segments"
        boxes = b"".join(segments)
    count = sum(1 for _ in _BOX.finditer(boxes))
    if count > MOST_BOXES:
        return f"its content credentials have {count} boxes: at most {MOST_BOXES} are looked into"
    if count and any(_is_box(boxes, found.start()) for found in re.finditer(_COMPRESSED, boxes)):
        return "its content credentials are compressed: those are not looked into"
    return None


def _segments(data: bytes) -> list[bytes]:
    """What the segments hold that credentials are cut into, without what is repeated in each."""
    found: list[bytes] = []
    at = data.find(_SEGMENT)
    while at >= 0 and len(found) <= _MOST_SEGMENTS:
        length = max(2, int.from_bytes(data[at + 2 : at + 4]))
        found.append(data[at + 4 + _SEGMENT_HEAD : at + 2 + length])
        at = data.find(_SEGMENT, at + 2 + length)
    return found


def _is_box(data: bytes, at: int) -> bool:
    """Whether the four bytes before a type are a length that a file can have."""
    return at >= 4 and data[at - 4] == 0
