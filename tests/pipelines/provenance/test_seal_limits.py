"""Credentials that would take long to look into are told before anybody does."""

import struct

import pytest

from pipelines.provenance.seal_limits import MOST_BOXES, seal_fault

BOX = struct.pack(">I", 26) + b"jumdc2pa" + bytes.fromhex("00110010800000aa00389b71") + b"\3\0"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(25)


def jpeg(boxes: bytes, piece: int) -> bytes:
    """The boxes in segments of so many bytes, each with the head that is repeated."""
    pieces = [boxes[at : at + piece] for at in range(0, len(boxes), piece)]
    segments = [
        b"\xff\xeb" + struct.pack(">H", 18 + len(one)) + b"JP\0\1" + bytes(12) + one
        for one in pieces
    ]
    return b"\xff\xd8\xff\xe0\0\2" + b"".join(segments) + b"\xff\xda"


def test_usual_credentials_are_looked_into() -> None:
    assert seal_fault(PNG + BOX * 40) is None
    assert seal_fault(jpeg(BOX * 40, 60_000)) is None
    assert seal_fault(PNG) is None


@pytest.mark.parametrize("piece", [60_000, 9], ids=["usual segments", "cut in the middle of names"])
def test_too_many_boxes_are_told(piece: int) -> None:
    many = BOX * (MOST_BOXES + 1)
    fault = seal_fault(PNG + many)
    assert fault is not None
    assert f"{MOST_BOXES + 1} boxes" in fault
    assert seal_fault(jpeg(BOX * 600, piece)) is not None


def test_compressed_boxes_are_told() -> None:
    brob = struct.pack(">I", 1000) + b"brob" + bytes(992)
    fault = seal_fault(PNG + BOX + brob)
    assert fault is not None
    assert "compressed" in fault
    assert seal_fault(PNG + BOX + b"abcdbrob") is None, "no box begins so"


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xff\xeb", b"\xff\xd8\xff\xff\xeb\0\0" * 9]
)
def test_what_breaks_off_is_no_fault_of_credentials(data: bytes) -> None:
    assert seal_fault(data) is None
