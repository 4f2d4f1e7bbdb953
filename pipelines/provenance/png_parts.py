"""Steps through a PNG's chunks and takes the texts out of it. Every length in it may be a lie.

Source: PNG specification, 5.3 and 11.3.
"""

import struct
import zlib

from pipelines.provenance.parts import MAX_BLOCKS, Parts
from pipelines.types import Size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">I4s")
_CHECKSUM_BYTES = 4
_KEYWORDS = ("AIGC", "XML:com.adobe.xmp", "parameters")
_KEYWORD_BYTES = 80
_CHECKED_BYTES = 1 << 20
"""A longer chunk is not read, so nobody asks whether it is whole."""


def collect(data: memoryview, parts: Parts) -> None:
    """Find the parts of a PNG."""
    at = len(SIGNATURE)
    for _ in range(MAX_BLOCKS):
        if len(data) - at < _HEAD.size + _CHECKSUM_BYTES:
            parts.fault("the file ends before the picture does")
            return
        length, kind = _HEAD.unpack_from(data, at)
        begin, end = at + _HEAD.size, at + _HEAD.size + length
        if end + _CHECKSUM_BYTES > len(data):
            parts.fault("a chunk says that it is longer than the file")
            return
        body = data[begin:end]
        if kind in _READERS:
            if length <= _CHECKED_BYTES and zlib.crc32(data[at + 4 : end]) != _number(data, end):
                parts.fault(f"the checksum of a chunk {kind.decode()} is wrong")
            _READERS[kind](body, parts)
        if kind == b"IEND":
            return
        at = end + _CHECKSUM_BYTES
    parts.fault(f"the file has more than {MAX_BLOCKS} chunks")


def _number(data: memoryview, at: int) -> int:
    return int.from_bytes(data[at : at + 4])


def _header(body: memoryview, parts: Parts) -> None:
    if len(body) >= 8:
        parts.size = Size(_number(body, 0), _number(body, 4))


def _text(body: memoryview, parts: Parts) -> None:
    keyword, rest = _split(body)
    if keyword in _KEYWORDS and (found := parts.take(rest, f"the text {keyword}")) is not None:
        _keep(keyword, found, parts)


def _compressed_text(body: memoryview, parts: Parts) -> None:
    keyword, rest = _split(body)
    if keyword in _KEYWORDS:
        found = parts.inflate(rest[1:], f"the text {keyword}")
        if found is not None:
            _keep(keyword, found, parts)


def _international_text(body: memoryview, parts: Parts) -> None:
    keyword, rest = _split(body)
    if keyword not in _KEYWORDS:
        return
    compressed, rest = bytes(rest[:1]) == b"\1", rest[2:]
    for _ in ("language", "translated keyword"):
        _, rest = _split(rest)
    what = f"the text {keyword}"
    found = parts.inflate(rest, what) if compressed else parts.take(rest, what)
    if found is not None:
        _keep(keyword, found, parts)


def _split(body: memoryview) -> tuple[str, memoryview]:
    """What is before the first zero, and the rest."""
    name, zero, _ = bytes(body[:_KEYWORD_BYTES]).partition(b"\0")
    return name.decode("latin-1"), body[len(name) + len(zero) :]


def _keep(keyword: str, found: bytes, parts: Parts) -> None:
    if keyword.startswith("XML:"):
        parts.xmp.append(found)
        return
    try:
        parts.texts.append((keyword, found.decode()))
    except UnicodeDecodeError:
        parts.texts.append((keyword, found.decode("latin-1")))


def _exif(body: memoryview, parts: Parts) -> None:
    if (found := parts.take(body, "EXIF")) is not None:
        parts.exif.append(found)


_READERS = {
    b"IHDR": _header,
    b"tEXt": _text,
    b"zTXt": _compressed_text,
    b"iTXt": _international_text,
    b"eXIf": _exif,
}
