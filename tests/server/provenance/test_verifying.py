"""What is found in a file: each layer, however it was saved, against forged and foreign ones."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image, ImageOps

from pipelines.tilemark.mark import Depth, TileMark
from pipelines.types import Pixels
from server.provenance.registry import Known
from server.provenance.verifying import Examiner, Verification, conclude
from tests.server.provenance.marked import (
    IDENT,
    KEY,
    deep_png,
    known,
    marked,
    published,
    said,
    saved,
    scenery,
    unsealed,
    with_chunk,
)

GENERATED, CLAIMS = "ai_generated_by_this_server", "claims_ai_generated"


@pytest.fixture(scope="module")
def plain() -> Pixels:
    return scenery(1)


@pytest.fixture(scope="module")
def picture(plain: Pixels) -> Pixels:
    return marked(plain)


@pytest.fixture(scope="module")
def examiner() -> Examiner:
    return Examiner({"first": TileMark(KEY)}, unsealed)


def verified(examiner: Examiner, data: bytes, *rows: Known, depth: Depth = "fast") -> Verification:
    return conclude(examiner.examine(data, depth, "image"), rows)


def turned_by_camera(pixels: Pixels) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(np.rot90(pixels), "JPEG", quality=90, exif=exif)


def image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    "save",
    [
        pytest.param(saved, id="8 bits"),
        pytest.param(deep_png, id="16 bits"),
        pytest.param(
            lambda p: saved(Image.fromarray(np.asarray(image(p).convert("L")).astype("u2") * 257)),
            id="16 bits of grey",
        ),
        pytest.param(lambda p: saved(image(p).convert("L"), "JPEG", quality=85), id="grey"),
        pytest.param(lambda p: saved(image(p).convert("LA")), id="grey and alpha"),
        pytest.param(lambda p: saved(image(p).convert("RGBA")), id="alpha"),
        pytest.param(lambda p: saved(image(p).convert("CMYK"), "JPEG", quality=90), id="CMYK"),
        pytest.param(lambda p: saved(image(p).quantize(256)), id="palette"),
        pytest.param(lambda p: saved(p, "GIF"), id="GIF"),
        pytest.param(lambda p: saved(p, "TIFF", compression="tiff_lzw"), id="TIFF"),
        pytest.param(lambda p: saved(p, "BMP"), id="BMP"),
        pytest.param(lambda p: saved(p, "JPEG", quality=70, progressive=True), id="progressive"),
        pytest.param(lambda p: saved(p, "WEBP", quality=80), id="WebP"),
        pytest.param(turned_by_camera, id="turned by EXIF"),
        pytest.param(
            lambda p: saved(p, "WEBP", save_all=True, append_images=[image(p).rotate(180)]),
            id="animated",
        ),
        pytest.param(lambda p: saved(ImageOps.invert(image(p))), id="negative"),
    ],
)
def test_the_mark_is_read_however_a_picture_is_saved(
    examiner: Examiner, picture: Pixels, save: Callable[[Pixels], bytes]
) -> None:
    verification = verified(examiner, save(picture), known(picture))
    assert verification.verdict.answer == GENERATED, verification.verdict
    assert verification.verdict.id == IDENT
    assert verification.likened.likeness == "same"
    assert verification.findings.mark.false_positive_bound <= 1e-8


def test_a_published_file_is_known_to_the_byte(examiner: Examiner, picture: Pixels) -> None:
    data = published(picture)
    verification = verified(examiner, data, known(picture, data))
    assert verification.same_file
    assert verification.verdict.ids_agree is True
    assert verification.findings.claims.produce_id == f"{IDENT:016x}"
    assert not verified(examiner, data + b"\0", known(picture, data)).same_file


def test_a_known_file_needs_no_mark(examiner: Examiner) -> None:
    small = scenery(2, 64)
    data = published(small)
    assert verified(examiner, data).verdict.answer == CLAIMS
    assert verified(examiner, data, known(small, data)).verdict.answer == GENERATED


def test_a_stripped_and_cut_screenshot_leads_to_its_row(
    examiner: Examiner, picture: Pixels
) -> None:
    part = image(picture).crop((61, 101, 61 + 384, 101 + 384))
    small = part.resize((320, 320), Image.Resampling.BICUBIC)
    data = saved(small, "JPEG", quality=70)
    verification = verified(examiner, data, known(picture), depth="deep")
    assert verification.verdict.answer == GENERATED
    assert verification.known is not None
    assert verification.known.manifest == b"a manifest"
    assert verification.likened.likeness == "same"
    assert not verification.findings.claims.places


def test_another_servers_key_verifies_nothing(picture: Pixels) -> None:
    stranger = Examiner({"theirs": TileMark(b"x" * 32)}, unsealed)
    assert verified(stranger, saved(picture), depth="deep").verdict.answer == "no_mark_found"
    assert verified(stranger, published(picture)).verdict.answer == CLAIMS


def test_a_server_without_keys_says_that_it_did_not_look(picture: Pixels) -> None:
    found = Examiner({}, unsealed).examine(saved(picture), "deep", "image")
    assert found.mark.status == "not_searched"


def test_older_keys_are_tried_too_and_named(picture: Pixels) -> None:
    examiner = Examiner({"new": TileMark(b"n" * 32), "old": TileMark(KEY)}, unsealed)
    mark = examiner.examine(saved(picture), "deep", "image").mark
    assert (mark.key, mark.id) == ("old", IDENT)
    assert mark.decodes > 1


def test_a_search_that_runs_out_of_time_says_so(plain: Pixels) -> None:
    def hours() -> Iterator[float]:
        yield 0.0
        while True:
            yield 3600.0

    passing = hours()
    examiner = Examiner({"first": TileMark(KEY)}, unsealed, clock=lambda: next(passing))
    mark = examiner.examine(saved(plain), "exhaustive", "image").mark
    assert (mark.status, mark.complete) == ("absent", False)
    assert Examiner({"a": TileMark(KEY)}, unsealed).examine(saved(plain), "fast", "i").mark.complete


def test_a_label_of_another_picture_is_a_conflict(examiner: Examiner, picture: Pixels) -> None:
    data = saved(picture, "JPEG", quality=90, xmp=said(IDENT ^ 1))
    verdict = verified(examiner, data, known(picture)).verdict
    assert (verdict.answer, verdict.ids_agree, verdict.id) == ("conflict", False, IDENT)


@pytest.mark.parametrize("cut", [0, 40], ids=["whole", "cut"])
def test_a_mark_copied_onto_a_foreign_picture_is_a_conflict(examiner: Examiner, cut: int) -> None:
    grey = np.full((512, 512, 3), 128, np.uint8)
    residual = marked(grey).astype(int) - grey
    foreign = np.clip(scenery(5) + residual * 2, 0, 255).astype(np.uint8)[cut:, cut:]
    fooled = verified(examiner, saved(foreign), depth="deep")
    assert fooled.verdict.answer == GENERATED, "the mark alone cannot tell"
    seen_through = verified(examiner, saved(foreign), known(grey), depth="deep")
    assert seen_through.verdict.answer == "conflict"


def test_two_labels_that_differ_are_a_conflict(examiner: Examiner, plain: Pixels) -> None:
    data = published(plain)
    label = f'AIGC\0{{"Label":"1","ProduceID":"{7:016x}"}}'
    assert verified(examiner, data).verdict.answer == CLAIMS
    forged = with_chunk(data, b"tEXt", label.encode())
    assert verified(examiner, forged).verdict.answer == "conflict"


def test_foreign_labels_are_claims(examiner: Examiner, plain: Pixels) -> None:
    label = '{"AIGC":{"Label":"1","ContentProducer":"someone","ProduceID":"not of our form"}}'
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + label.encode()
    verification = verified(examiner, saved(plain, "JPEG", exif=exif))
    assert verification.verdict.answer == CLAIMS
    assert verification.verdict.id is None


def test_without_any_mark_nothing_is_concluded(examiner: Examiner, plain: Pixels) -> None:
    verification = verified(examiner, saved(plain), depth="deep")
    assert verification.verdict.answer == "no_mark_found"
    assert verification.findings.mark.decodes > 20
    assert verification.findings.mark.false_positive_bound < 1e-7
