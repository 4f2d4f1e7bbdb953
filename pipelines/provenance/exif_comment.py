"""Reads one thing out of EXIF: the user's comment. Every offset in it may be a lie.

Source: Exif 2.32, 4.6.2, tags 34665 and 37510.
"""

import struct
from collections.abc import Iterator

_ORDERS = {b"II": "<", b"MM": ">"}
_NAME = b"Exif\0\0"
_FURTHER = 0x8769
"""The tag of the directory that has the comment."""
_COMMENT = 0x9286
_CODE_BYTES = 8
_UNICODE = b"UNICODE\0"
_OTHER_CODES = (b"ASCII\0\0\0", b"\0" * 8)


class BadExif(ValueError):
    """What is wrong with EXIF."""


def user_comment(exif: bytes) -> str | None:
    """The comment; None where there is none.

    Raises: BadExif.
    """
    tiff = exif.removeprefix(_NAME)
    order = _ORDERS.get(tiff[:2])
    if order is None:
        raise BadExif("EXIF has no byte order")
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        main = dict(_entries(tiff, order, first))
        further = dict(_entries(tiff, order, main[_FURTHER][1])) if _FURTHER in main else {}
        found = further.get(_COMMENT) or main.get(_COMMENT)
    except struct.error:
        raise BadExif("EXIF points beyond its end") from None
    return None if found is None else _decoded(_value(tiff, *found))


def _entries(tiff: bytes, order: str, at: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Each tag with how many values it has, and where they are."""
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    for number in range(count):
        tag, _, values, where = struct.unpack_from(f"{order}HHII", tiff, at + 2 + 12 * number)
        yield tag, (values, where)


def _value(tiff: bytes, count: int, where: int) -> bytes:
    """A comment's values are bytes; its code alone is longer than what fits into an entry."""
    if where + count > len(tiff):
        raise BadExif("the comment of EXIF points beyond its end")
    return tiff[where : where + count]


def _decoded(value: bytes) -> str:
    code, text = value[:_CODE_BYTES], value[_CODE_BYTES:]
    if code == _UNICODE:
        return text.decode(_utf_16(text), "replace").strip("\0 \ufeff")
    plain = text if code in _OTHER_CODES else value
    return plain.decode("utf-8", "replace").strip("\0 ")


def _utf_16(text: bytes) -> str:
    """Which end comes first: nobody agrees, so it is the one in which more of it is ASCII."""
    low_first, high_first = text[1::2].count(0), text[::2].count(0)
    return "utf-16-le" if low_first > high_first else "utf-16-be"
