"""Files made to hurt whoever reads them: `python -m tests.server.provenance.hostile` examines all.

Prints what became of each and how much processor time it took, then the most memory that was ever
held. A test starts it as a process of its own, so that a crash is seen and memory can be measured.
"""

import json
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

from PIL import Image

from pipelines.errors import InvalidImage
from pipelines.provenance.credentials import read_credentials
from pipelines.tilemark.mark import Depth, TileMark
from server.provenance.verifying import RULE, Examiner, conclude
from tests.server.provenance.marked import (
    KEY,
    chunk,
    published,
    saved,
    scenery,
    with_chunk,
)

MIB = 1024 * 1024
_ADDRESS_SPACE = 3 * 1024 * MIB
_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
_BOMB_XMP = (
    f'<?xml version="1.0"?><!DOCTYPE x [{_LAUGHS}]><x:xmpmeta xmlns:x="adobe:ns:meta/"'
    ' xmlns:t="http://www.tc260.org.cn/ns/AIGC/1.0/"><t:AIGC>&l9;</t:AIGC></x:xmpmeta>'
).encode()
_OUTSIDE_XMP = (
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">&e;</x:xmpmeta>'
)
_DEEP_JSON = b'{"AIGC":' * 8000
_DESCRIPTION = (
    struct.pack(">I", 26) + b"jumdc2pa" + bytes.fromhex("00110010800000aa00389b71") + b"\3"
)


def _small() -> bytes:
    return published(scenery(1, 64))


def _boxes(count: int) -> bytes:
    """Boxes in boxes, so many deep."""
    sizes = [len(_DESCRIPTION) + 8 + n * (len(_DESCRIPTION) + 8) for n in range(count)]
    return b"".join(struct.pack(">I", n) + b"jumb" + _DESCRIPTION for n in reversed(sizes))


def _flat(form: str, width: int, height: int) -> bytes:
    return saved(Image.new("RGB", (width, height)), form, compress_level=1, method=0)


def _claimed_size(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _small()[:8] + chunk(b"IHDR", head) + _small()[33:]


def _segments(count: int) -> bytes:
    jpeg = saved(scenery(1, 64), "JPEG")
    segment = b"\xff\xeb" + struct.pack(">H", 24) + b"JP\0\1" + bytes(18)
    return jpeg[:2] + segment * count + jpeg[2:]


def _webp_with(kind: bytes, data: bytes) -> bytes:
    webp = saved(scenery(1, 64), "WEBP", xmp=b"<x/>")
    body = webp[8:] + kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


FILES: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        "nothing": lambda: b"",
        "no picture": lambda: b"%PDF-1.7" + bytes(1000),
        "half of it": lambda: _small()[: len(_small()) // 2],
        "the largest PNG, flat": lambda: _flat("PNG", 6000, 4000),
        "the largest WebP, flat": lambda: _flat("WEBP", 6000, 4000),
        "more pixels than are read": lambda: _claimed_size(6000, 4001),
        "a header that promises 2 ** 62 pixels": lambda: _claimed_size(2**31 - 1, 2**31 - 1),
        "a header that promises other pixels": lambda: _claimed_size(4000, 4000),
        "too many bytes": lambda: _small() + bytes(RULE.max_bytes),
        "entities in entities": lambda: with_chunk(_small(), b"iTXt", _XMP + _BOMB_XMP),
        "entities in a JPEG": lambda: saved(scenery(1, 64), "JPEG", xmp=_BOMB_XMP),
        "entities in a WebP": lambda: saved(scenery(1, 64), "WEBP", xmp=_BOMB_XMP),
        "an entity from outside": lambda: with_chunk(_small(), b"iTXt", _XMP + _OUTSIDE_XMP),
        "twenty megabytes of XMP": lambda: _webp_with(b"XMP ", b"<x>" * (7 * MIB)),
        "compressed text that grows": lambda: with_chunk(
            _small(), b"zTXt", b"parameters\0\0" + zlib.compress(bytes(64 * MIB), 1)
        ),
        "objects in objects": lambda: with_chunk(_small(), b"tEXt", b"AIGC\0" + _DEEP_JSON),
        "a megabyte box of zeros": lambda: with_chunk(_small(), b"caBX", bytes(8 * MIB)),
        "boxes in boxes": lambda: with_chunk(_small(), b"caBX", _boxes(100_000)),
        "boxes beside boxes": lambda: with_chunk(
            _small(), b"caBX", struct.pack(">I", 8 + 34 * 9000) + b"jumb" + _boxes(1) * 9000
        ),
        "a compressed box": lambda: with_chunk(
            _small(), b"caBX", _boxes(2) + struct.pack(">I", 1000) + b"brob" + bytes(992)
        ),
        "a box longer than the file": lambda: with_chunk(
            _small(), b"caBX", b"\x7f\xff\xff\xffjumb" + _DESCRIPTION
        ),
        "a box in a WebP": lambda: _webp_with(b"C2PA", _boxes(3)),
        "a hundred thousand segments": lambda: _segments(100_000),
    }
)

_SEARCHED = frozenset({"the largest PNG, flat", "the largest WebP, flat"})
"""Those that take longest to decode are also looked through, as they are unless said."""


def main() -> None:
    """Examine every file."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    examiner = Examiner({"first": TileMark(KEY)}, partial(read_credentials, anchors=None))
    for name, make in FILES.items():
        data = make()
        began = time.process_time()
        try:
            depth: Depth = "deep" if name in _SEARCHED else "fast"
            outcome = conclude(examiner.examine(data, depth, "image"), ()).verdict.answer
        except InvalidImage as error:
            outcome = f"refused: {error.message}"
        _tell({"name": name, "outcome": outcome, "seconds": time.process_time() - began})
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    _tell({"name": "peak", "mib": int(peak) // 1024})


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
