"""Files that lie, break off, explode or are simply huge: a fault with a name, and no time lost."""

import time
import tracemalloc
import zlib
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.post.encode import Format
from pipelines.provenance.claims import Claims, read_claims
from pipelines.provenance.metadata import metadata
from pipelines.provenance.recipe import Recipe
from pipelines.provenance.xmp import Statement
from pipelines.types import Size
from tests.pipelines.provenance.files import (
    FORMATS,
    LABEL,
    chunk,
    exif,
    file,
    jpeg,
    png,
    riff_chunk,
    segment,
    webp,
    xmp,
)

MIB = 2**20
MOST_S = 2.0
"""What any file may take. Units: seconds of the processor."""
NAMESPACE = b"http://ns.adobe.com/xap/1.0/\0"
XMP_KEYWORD = b"XML:com.adobe.xmp\0\0\0\0\0"
LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
MANY_DIGITS = '{"Label":' + "9" * 50_000 + "}"
RECIPE = Recipe(
    "0.1.0", "seedbed", "embedded", 7, Size(512, 512), Size(256, 256), 16, 3.5, prompt="a 狐狸"
)
INFO = metadata(Statement("192af6e44a817c0e", "a site", "embedded", "seedbed", recipe=RECIPE)).info


@cache
def bomb(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (file("png")[:-12], "the file ends before the picture does"),
        (file("png")[:45], "longer than the file"),
        (png(chunk(b"tEXt", b"AIGC\0{}", 2**31)), "longer than the file"),
        (png(chunk(b"tEXt", b"AIGC\0" + bytes(MIB))), "AIGC has 1048576 bytes; at most 65536"),
        (png(chunk(b"zTXt", b"AIGC\0\0" + bomb(16 * MIB))), "AIGC grows beyond 65536 bytes"),
        (
            png(chunk(b"iTXt", b"parameters\0\1\0\0\0" + bomb(16 * MIB))),
            "parameters grows beyond 65536 bytes",
        ),
        (png(chunk(b"zTXt", b"AIGC\0\0" + zlib.compress(LABEL.encode())[:-9])), "is cut off"),
        (png(chunk(b"zTXt", b"AIGC\0\0what")), "AIGC is damaged"),
        (png(chunk(b"iTXt", XMP_KEYWORD + xmp("")) * 40), "there are 32 parts before it"),
        (png(chunk(b"abCD", b"") * 70_000), "more than 65536 chunks"),
        (
            png(chunk(b"tEXt", b"AIGC\0" + LABEL.encode())[:-4] + b"oops"),
            "checksum of a chunk tEXt",
        ),
        (file("jpeg")[:9], "length that cannot be"),
        (jpeg(segment(0xE1, b"", 1)), "length that cannot be"),
        (jpeg(segment(0xE1, b"", 60_000))[:5000], "length that cannot be"),
        (b"\xff\xd8" + b"\xff" * 5 * MIB, "end before the picture begins"),
        (b"\xff\xd8" + b"\xff\xd0" * 70_000, "more than 65536 segments"),
        (jpeg(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0abc")), "extended XMP"),
        (jpeg(segment(0xE2, b"AIGC{")), "the AIGC label of segment cannot be read"),
        (file("webp")[:-40], "shorter than it says"),
        (webp(riff_chunk(b"XMP ", b"x", 2**32 - 1)), "longer than the file"),
        (webp(riff_chunk(b"abcd", b"") * 70_000), "more than 65536 chunks"),
        (webp(riff_chunk(b"XMP ", b"<x>" * MIB)), "XMP has 3145728 bytes; at most 65536"),
        (webp(riff_chunk(b"XMP ", xmp("<a>&c;</a>", before=LAUGHS))), "has a document type"),
        (webp(riff_chunk(b"XMP ", xmp("<a>&a;</a>", before=OUTSIDE))), "has a document type"),
        (webp(riff_chunk(b"XMP ", b"<a>" * 20_000)), "XMP is not XML: no element found"),
        (webp(riff_chunk(b"XMP ", b'<?xml version="1.0" encoding="idna"?><a>\xff</a>')), "not XML"),
        (webp(riff_chunk(b"XMP ", b"")), "XMP is not XML: no element found"),
        (
            webp(riff_chunk(b"XMP ", xmp(f"<TC260:AIGC>{'[' * 60_000}</TC260:AIGC>"))),
            "label of xmp cannot be read",
        ),
        (
            webp(riff_chunk(b"XMP ", xmp(f"<TC260:AIGC>{MANY_DIGITS}</TC260:AIGC>"))),
            "label of xmp cannot be read",
        ),
        (
            webp(riff_chunk(b"XMP ", xmp(f"<seedbed:Recipe>{'{' * 9}</seedbed:Recipe>"))),
            "its recipe cannot be read: it is not JSON",
        ),
        (webp(riff_chunk(b"EXIF", b"what")), "EXIF has no byte order"),
        (webp(riff_chunk(b"EXIF", b"MM\0*\xff\xff\xff\xff")), "EXIF points beyond its end"),
        (webp(riff_chunk(b"EXIF", b"MM\0*\0\0\0\x08\xff\xff")), "EXIF points beyond its end"),
        (webp(riff_chunk(b"EXIF", exif(b"ASCII\0\0\0long text")[6:-3])), "comment of EXIF points"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named(data: bytes, fault: str) -> None:
    began = time.process_time()
    claims = read_claims(data)
    assert time.process_time() - began < MOST_S
    assert any(fault in one for one in claims.faults), claims.faults
    assert len(claims.faults) <= 16


def test_a_fault_does_not_hide_what_stands_before_it() -> None:
    claims = read_claims(file("png", INFO)[:-30])
    assert claims.recipe == RECIPE
    assert claims.faults == ("a chunk says that it is longer than the file",)


def test_bombs_take_little_memory() -> None:
    many = png(chunk(b"zTXt", b"AIGC\0\0" + bomb(16 * MIB)) * 30)
    tracemalloc.start()
    try:
        read_claims(many)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB


def test_thousands_of_small_bombs_take_no_time() -> None:
    data = png(chunk(b"zTXt", b"AIGC\0\0" + bomb(70_000)) * 60_000)
    began = time.process_time()
    claims = read_claims(data)
    assert time.process_time() - began < MOST_S
    assert claims.faults[0] == "the text AIGC grows beyond 65536 bytes"


def worst_texts() -> Iterator[str]:
    """For anything that would go back and forth over a text."""
    for unit in (" ", "a", ":", '"', "\\", 'a:"', 'a:"\\",', "a: ,", "a" * 65, "Negative prompt:"):
        yield unit * (60_000 // len(unit))
        yield "Steps: 1, Seed: 2, " + unit * (60_000 // len(unit))


@pytest.mark.parametrize("text", list(worst_texts()), ids=lambda text: repr(text[:24]))
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    read_claims(png(chunk(b"tEXt", b"parameters\0" + text.encode())))
    assert time.process_time() - began < MOST_S


def is_sane(claims: Claims) -> bool:
    """What callers rely on, whatever was read."""
    shown = [*claims.faults, *claims.systems, *claims.tools, *claims.source_types]
    return (
        len(claims.faults) <= 16
        and all(len(text) <= 256 for text in shown)
        and all(len(label.produce_id) <= 256 for label in claims.labels)
    )


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(FORMATS),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.floats(0, 1),
    twice=st.booleans(),
)
def test_a_changed_file_never_breaks_the_reader(
    kind: Format, places: list[tuple[float, int]], cut: float, twice: bool
) -> None:
    data = bytearray(file(kind, INFO))
    for where, value in places:
        data[int(where * (len(data) - 1))] = value
    if twice:
        middle = int(cut * len(data))
        data[middle:middle] = data[:middle]
    assert is_sane(read_claims(bytes(data[: max(12, int(cut * len(data)))])))
    assert is_sane(read_claims(bytes(data)))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(FORMATS))
def test_anything_behind_a_signature_is_read_without_a_crash(rest: bytes, kind: Format) -> None:
    assert is_sane(read_claims(file(kind)[:12] + rest))


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_anything_in_a_packet_is_read_without_a_crash(text: str) -> None:
    packet = xmp(f"<TC260:AIGC>{text}</TC260:AIGC><seedbed:Recipe>{text}</seedbed:Recipe>")
    assert is_sane(read_claims(webp(riff_chunk(b"XMP ", packet))))
    assert is_sane(read_claims(jpeg(segment(0xE1, NAMESPACE + packet[:200]))))
