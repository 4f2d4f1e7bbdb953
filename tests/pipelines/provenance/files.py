"""Files of all three formats, put together by hand, so that every length in them can be a lie."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from pipelines.post.encode import FileInfo, Format, encode

FORMATS: list[Format] = ["png", "jpeg", "webp"]
PIXELS = np.random.default_rng(5).integers(0, 256, (6, 8, 3), dtype=np.uint8)
LABEL = (
    '{"Label":"1","ContentProducer":"somebody","ProduceID":"id-1","ReservedCode1":"",'
    '"ContentPropagator":"a shop","PropagateID":"id-2","ReservedCode2":""}'
)


def file(kind: Format, info: FileInfo | None = None) -> bytes:
    return encode(PIXELS, kind, info=info or FileInfo())


def png(*chunks: bytes) -> bytes:
    """A picture with more chunks behind its header."""
    plain = file("png")
    return plain[:33] + b"".join(chunks) + plain[33:]


def chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    said = len(body) if length is None else length
    return struct.pack(">I", said) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def jpeg(*segments: bytes) -> bytes:
    """A picture with more segments before all others."""
    plain = file("jpeg")
    return plain[:2] + b"".join(segments) + plain[2:]


def segment(marker: int, body: bytes, length: int | None = None) -> bytes:
    said = len(body) + 2 if length is None else length
    return bytes((0xFF, marker)) + struct.pack(">H", said) + body


def webp(*chunks: bytes) -> bytes:
    """A picture with more chunks behind all others."""
    body = file("webp")[12:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def riff_chunk(kind: bytes, body: bytes, length: int | None = None) -> bytes:
    said = len(body) if length is None else length
    return kind + struct.pack("<I", said) + body + b"\0" * (len(body) % 2)


def xmp(properties: str, attributes: str = "", before: str = "") -> bytes:
    """A packet as others write it."""
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{before}'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" xmlns:seedbed="urn:seedbed:1.0/" '
        f'{attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>   <?xpacket end="w"?>'
    ).encode()


def exif(comment: bytes, order: str = ">") -> bytes:
    """EXIF with a user's comment, as Pillow writes it."""
    written = Image.Exif()
    written.endian = order
    written.get_ifd(0x8769)[0x9286] = comment
    return written.tobytes()


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()
