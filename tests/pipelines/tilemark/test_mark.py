"""A mark is found again in copies, only with its key, and a picture that takes none says so."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from benchmarks.provenance.attacks import HARD, STANDARD, cropped
from pipelines.tilemark import canonical, carriers, convolution
from pipelines.tilemark.mark import LEAST_SIDE_PX, Depth, Embedded, TileMark
from pipelines.types import Pixels
from tests.pipelines.tilemark.scenes import scene

KEY = bytes(range(32))
IDENT = 0xFEDCBA9876543210
HEIGHT, WIDTH = 640, 768


@pytest.fixture(scope="module")
def marker() -> TileMark:
    return TileMark(KEY)


@pytest.fixture(scope="module")
def plain() -> Pixels:
    return scene(HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def marked(marker: TileMark, plain: Pixels) -> Embedded:
    return marker.embed(plain, IDENT)


def attacked(pixels: Pixels, attack: str) -> Pixels:
    return np.asarray((STANDARD | HARD)[attack](Image.fromarray(pixels)))


def psnr(one: Pixels, other: Pixels) -> float:
    return float(10 * np.log10(255**2 / np.square(one.astype(float) - other).mean()))


def test_the_mark_is_hardly_there_and_says_how_strong_it_is(
    plain: Pixels, marked: Embedded
) -> None:
    assert marked.carried
    assert not marked.why
    assert 1 <= marked.strength <= 2
    assert psnr(plain, marked.pixels) > 46


@pytest.mark.parametrize(
    ("attack", "depth", "geometry"),
    [
        ("none", "fast", "as it is"),
        ("JPEG 50", "fast", "as it is"),
        ("WebP 80", "fast", "as it is"),
        ("resize x0.25", "fast", "as it is"),
        ("resize x2", "fast", "as it is"),
        ("screenshot", "fast", "as it is"),
        ("noise 10", "fast", "as it is"),
        ("grey", "fast", "as it is"),
        ("box over 30 %", "fast", "as it is"),
        ("turn 90", "fast", "turned by 90 degrees"),
        ("mirror", "fast", "mirrored"),
        ("inversion", "fast", "as it is, as a negative"),
        ("crop 25 + JPEG 70", "deep", "cropped to 1/1.33"),
        ("crop 50", "deep", "cropped to 1/"),
        ("rotate 2", "deep", "rotated by -2.0 degrees"),
        ("width +5 %", "deep", ""),
        ("rotate 1 + crop 8", "exhaustive", ""),
    ],
)
def test_a_mark_is_found_after(
    marker: TileMark, marked: Embedded, attack: str, depth: Depth, geometry: str
) -> None:
    found = marker.detect(attacked(marked.pixels, attack), depth)
    assert found.ident == IDENT
    assert found.geometry.startswith(geometry)
    assert found.false_positive_bound == found.decodes * 2.0**-32
    assert found.complete


@pytest.mark.parametrize("scale", [0.9, 0.6])
def test_a_mark_is_found_in_a_page_that_shows_the_picture(
    marker: TileMark, marked: Embedded, scale: float
) -> None:
    page = Image.fromarray(scene(HEIGHT, WIDTH, seed=9))
    shown = Image.fromarray(marked.pixels).resize((int(WIDTH * scale), int(HEIGHT * scale)))
    page.paste(shown, (31, 17))
    found = marker.detect(np.asarray(page), "deep")
    assert found.ident == IDENT
    name, _, shown_at = found.geometry.rpartition(" ")
    assert name == "framed, shown at"
    assert float(shown_at) == pytest.approx(scale, abs=0.005)


def test_a_mirrored_crop_is_found_by_the_exhaustive_search(
    marker: TileMark, marked: Embedded
) -> None:
    mirrored = attacked(marked.pixels[:, ::-1], "crop 10")
    found = marker.detect(mirrored, "exhaustive")
    assert found.ident == IDENT
    assert found.geometry.startswith("mirrored and cropped to 1/1.1")


def test_a_crop_of_a_rotated_picture_is_found_by_the_exhaustive_search(
    marker: TileMark, marked: Embedded
) -> None:
    rotated = Image.fromarray(marked.pixels).rotate(2.4, Image.Resampling.BICUBIC)
    crop = np.asarray(cropped(rotated, 0.2))
    found = marker.detect(crop, "exhaustive")
    assert found.ident == IDENT
    assert found.geometry.startswith("rotated by -2.4 degrees and cropped to 1/1.25")


def test_another_key_finds_nothing_however_deep(marked: Embedded) -> None:
    found = TileMark(bytes(32)).detect(marked.pixels, "deep")
    assert found.ident is None
    assert abs(found.sync_z) < 7.5
    assert found.decodes > 20


def test_an_unmarked_picture_gives_nothing(marker: TileMark, plain: Pixels) -> None:
    found = marker.detect(plain, "deep")
    assert found.ident is None
    assert abs(found.sync_z) < 7.5
    assert found.false_positive_bound == found.decodes * 2.0**-32 < 1e-8


def test_short_tags_are_met_in_unmarked_pictures_as_often_as_the_bound_says() -> None:
    pixels = scene(LEAST_SIDE_PX, LEAST_SIDE_PX, seed=4)
    hits, expected = 0, 0.0
    for key in range(40):
        found = TileMark(bytes([key]) * 32, tag_bits=4).detect(pixels)
        hits += found.ident is not None
        expected += found.false_positive_bound
    assert abs(hits - expected) < 3.5 * np.sqrt(expected)


def test_the_newest_id_wins_where_two_were_hidden(marker: TileMark, marked: Embedded) -> None:
    twice = marker.embed(marked.pixels, 7)
    assert marker.detect(twice.pixels).ident == 7


def test_marks_of_two_keys_live_together(marker: TileMark, marked: Embedded) -> None:
    other = TileMark(bytes(32))
    both = other.embed(marked.pixels, 9).pixels
    assert (marker.detect(both).ident, other.detect(both).ident) == (IDENT, 9)


def test_the_same_request_gives_the_same_pixels_in_any_thread(
    marker: TileMark, plain: Pixels, marked: Embedded
) -> None:
    def round_trip(ident: int) -> tuple[Pixels, int | None]:
        pixels = marker.embed(plain, ident).pixels
        return pixels, marker.detect(attacked(pixels, "crop 10"), "deep").ident

    idents = [IDENT, 1, IDENT, 2, IDENT, 3]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(round_trip, idents))
    assert [ident for _, ident in results] == idents
    assert all(np.array_equal(pixels, marked.pixels) for pixels, _ in results[::2])
    assert not np.array_equal(results[1][0], marked.pixels)


def test_clear_areas_and_opacity_stay_as_they_are_and_the_mark_is_found(
    marker: TileMark, plain: Pixels
) -> None:
    pixels = np.dstack([plain, np.full((HEIGHT, WIDTH), 255, np.uint8)])
    pixels[:200, :, 3] = 0
    pixels[200:260, :, 3] = 128
    result = marker.embed(pixels, IDENT)
    assert result.carried
    assert np.array_equal(result.pixels[..., 3], pixels[..., 3])
    assert np.array_equal(result.pixels[:200], pixels[:200])
    assert marker.detect(result.pixels).ident == IDENT
    on_grey = Image.new("RGBA", (WIDTH, HEIGHT), (128, 128, 128, 255))
    on_grey.alpha_composite(Image.fromarray(result.pixels))
    assert marker.detect(attacked(np.asarray(on_grey.convert("RGB")), "JPEG 70")).ident == IDENT


def test_a_small_picture_is_left_alone_and_the_reason_is_said(
    marker: TileMark, plain: Pixels
) -> None:
    small = plain[: LEAST_SIDE_PX - 1]
    result = marker.embed(small, IDENT)
    assert result.pixels is small
    assert (result.carried, result.strength) == (False, 0)
    assert result.why == "the short side is 383 px, and a mark needs at least 384"


@pytest.mark.parametrize(("level", "opacity"), [(255, 255), (0, 255), (90, 0)])
def test_a_picture_that_cannot_carry_a_mark_is_left_alone(
    marker: TileMark, level: int, opacity: int
) -> None:
    pixels = np.full((LEAST_SIDE_PX, LEAST_SIDE_PX, 4), level, np.uint8)
    pixels[..., 3] = opacity
    result = marker.embed(pixels, IDENT)
    if result.carried:
        assert marker.detect(result.pixels).ident == IDENT
        return
    assert result.pixels is pixels
    assert result.why == "too little of the picture takes a mark"


def test_flat_pictures_are_marked_no_stronger_than_is_not_seen(marker: TileMark) -> None:
    flat = np.full((512, 512, 3), (200, 205, 210), np.uint8)
    assert marker.embed(flat, IDENT).strength <= 1.25


def test_a_search_out_of_time_says_so(marker: TileMark, plain: Pixels) -> None:
    found = marker.detect(plain, "exhaustive", seconds=0)
    assert found.ident is None
    assert not found.complete
    assert found.decodes <= 3


@pytest.mark.parametrize(
    ("shape", "tried"), [((1, 1), False), ((33, 31), False), ((40, 641), False), ((33, 35), True)]
)
def test_what_cannot_bear_a_mark_is_not_searched(
    marker: TileMark, shape: tuple[int, int], tried: bool
) -> None:
    chance = np.random.default_rng(5)
    pixels = chance.integers(0, 256, (*shape, 3)).astype(np.uint8)
    found = marker.detect(pixels, "exhaustive" if not tried else "fast")
    assert found.ident is None
    assert found.complete
    assert (found.decodes > 0) == tried


def test_a_long_strip_is_left_alone_and_the_reason_is_said(marker: TileMark) -> None:
    result = marker.embed(np.full((400, 6401, 3), 90, np.uint8), IDENT)
    assert not result.carried
    assert result.why == "the long side is more than 16 times the short one"


def first_version() -> Pixels:
    with Image.open(Path(__file__).parent / "first_version.webp") as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_picture_marked_by_the_first_version_is_still_read(marker: TileMark) -> None:
    assert marker.detect(first_version()).ident == IDENT


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (carriers, "_SYNC_SHARE", 0.31),
        (carriers, "_FINEST", 39),
        (convolution, "_GENERATORS", (0o463, 0o535, 0o733, 0o747)),
        (canonical, "SIDE", 500),
    ],
)
def test_a_picture_of_the_first_version_is_not_read_with_another_coefficient(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, value: object
) -> None:
    monkeypatch.setattr(module, name, value)
    assert TileMark(KEY).detect(first_version()).ident is None
