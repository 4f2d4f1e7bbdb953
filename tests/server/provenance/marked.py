"""Pictures with a mark, what the registry would keep of them, and ways to save them anew."""

import hashlib
import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from pipelines.post.encode import encode
from pipelines.provenance.metadata import metadata
from pipelines.provenance.phash import perceptual_hash
from pipelines.provenance.sketch import sketch
from pipelines.provenance.xmp import Statement
from pipelines.tilemark.mark import TileMark
from pipelines.types import Pixels
from server.provenance.registry import Known
from server.provenance.verifier import Verifier
from server.provenance.verifying import Examiner, Unsealed

IDENT = 0x192AF6E44A817C0E
KEY = b"a key of thirty-two bytes, or so"


def scenery(seed: int, side: int = 512) -> Pixels:
    """Large soft spots under fine grain: something to hide a mark in. Shapes: [side, side, 3]."""
    chance = np.random.default_rng(seed)
    spots = Image.fromarray(chance.integers(20, 236, (6, 6, 3), dtype=np.uint8))
    soft = np.asarray(spots.resize((side, side), Image.Resampling.BICUBIC), np.float32)
    grain = chance.normal(0, 6, (side, side, 1))
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


def marked(pixels: Pixels, key: bytes = KEY, ident: int = IDENT) -> Pixels:
    embedded = TileMark(key).embed(pixels, ident)
    assert embedded.carried, embedded.why
    return embedded.pixels


def unsealed(data: bytes, form: str) -> Unsealed:
    """The reader of credentials of a server that has no certificates."""
    return Unsealed()


def verifying(*rows: Known, key: bytes = KEY) -> Verifier:
    """A verifier with one key, whose registry holds these rows."""

    async def find(ids: frozenset[int]) -> list[Known]:
        return [row for row in rows if row.id in ids]

    return Verifier(Examiner({"first": TileMark(key)}, unsealed), find)


def said(ident: int = IDENT) -> bytes:
    """The packet of a file."""
    packet = metadata(Statement(f"{ident:016x}", "a server", "a-model", "seedbed/test")).info.xmp
    assert packet is not None
    return packet


def published(pixels: Pixels, ident: int = IDENT) -> bytes:
    """A PNG as it is handed out, without credentials."""
    info = metadata(Statement(f"{ident:016x}", "a server", "a-model", "seedbed/test")).info
    return encode(pixels, "png", info=info)


def known(pixels: Pixels, data: bytes = b"", ident: int = IDENT) -> Known:
    """What the registry keeps of it."""
    return Known(
        id=ident,
        created_at=1_700_000_000,
        client="tester",
        request_id="req_1",
        model="a-model",
        sha256=hashlib.sha256(data).hexdigest(),
        perceptual_hash=perceptual_hash(pixels),
        sketch=sketch(pixels),
        manifest=b"a manifest",
    )


def saved(pixels: Pixels | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """Saved anew by another program: everything but the pixels is gone."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def deep_png(pixels: Pixels) -> bytes:
    """Sixteen bits for each channel, which Pillow reads and does not write."""
    height, width, _ = pixels.shape
    wide = (pixels.astype(">u2") * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows, 1)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """The PNG with one more chunk behind its header."""
    return png[:33] + chunk(kind, data) + png[33:]
