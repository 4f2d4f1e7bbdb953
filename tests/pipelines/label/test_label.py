"""The label can be read on any ground, and touches nothing but its corner."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.errors import TooSmall, UnsupportedValue
from pipelines.label.label import CHINESE, ENGLISH, Label, draw_label, label_in_place
from pipelines.label.style import Corner, Style
from pipelines.types import Pixels
from tests.pipelines.label.grounds import (
    GROUNDS,
    SIDE,
    changed_box,
    contrast,
    even,
    gradient,
    noise,
)

SIZES = [(64, 64), (100, 80), (256, 256), (256, 4096), (4096, 256), (768, 1344), (1024, 1024)]
STYLES: tuple[Style, ...] = ("gb", "compact", "plate")
CORNERS: tuple[Corner, ...] = ("bottom-right", "bottom-left", "top-right", "top-left")
TEXTS = (CHINESE, ENGLISH)


def strokes(label: Label, side: int = SIDE) -> NDArray[np.uint8]:
    """How much of each pixel the letters cover: black on white needs no veil, so it shows them."""
    plain = Label(label.text, "compact" if label.style == "compact" else "gb", label.corner)
    return 255 - draw_label(even(side, side, (255, 255, 255)), plain)[..., 0]


def around(covered: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The pixels without ink that lie next to letters or between their strokes."""
    near = np.asarray(Image.fromarray(covered).filter(ImageFilter.MaxFilter(5)))
    return (near >= 0.6 * 255) & (covered == 0)


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
@pytest.mark.parametrize(("text", "style"), list(product(TEXTS, STYLES)))
def test_the_ink_contrasts_by_four_and_a_half_with_every_pixel_around_it(
    ground: Pixels, text: str, style: Style
) -> None:
    label = Label(text, style)
    after = draw_label(ground, label)
    covered = strokes(label)
    ink = after[covered == 255]
    assert len(ink) > 20
    assert (ink == ink[0]).all()
    assert ink[0].tolist() in ([0, 0, 0], [255, 255, 255])
    beside = after[around(covered)].astype(float)
    assert contrast(beside, ink[0].astype(float)).min() >= 4.5


@pytest.mark.parametrize("side", [96, 128, 300, 1024, 1600])
@pytest.mark.parametrize(("text", "style"), list(product(TEXTS, ("gb", "compact"))))
def test_the_halo_is_full_beside_letters_of_every_size(side: int, text: str, style: Style) -> None:
    ground = 90 + noise(side, side) // 4
    label = Label(text, style)
    after = draw_label(ground, label)
    covered = strokes(label, side)
    inked = after[np.unravel_index(covered.argmax(), covered.shape)]
    ink = np.full(3, 255.0 if inked.mean() > 128 else 0.0)
    beside = around(covered)
    assert beside.any()
    assert contrast(ground[beside].astype(float), ink).min() < 4.5
    assert contrast(after[beside].astype(float), ink).min() >= 4.5


@pytest.mark.parametrize("name", ["noise", "checker", "edge"])
def test_a_restless_ground_gets_a_plate_and_shines_through(name: str) -> None:
    ground = GROUNDS[name]
    after = draw_label(ground, Label())
    box = changed_box(ground, after)
    height = box[0].stop - box[0].start
    margin = after[box][height // 2, :4].astype(float)
    assert np.abs(margin - ground[box][height // 2, :4]).mean() > 20, "far from any letter"
    assert after[box][strokes(Label())[box] == 0].std() > 10


@pytest.mark.parametrize("name", ["white", "black", "mid grey", "red", "blue", "yellow"])
def test_an_even_ground_gets_neither_plate_nor_halo(name: str) -> None:
    before = GROUNDS[name]
    after = draw_label(before, Label())
    untouched = strokes(Label()) == 0
    assert (after[untouched] == before[untouched]).all()


@pytest.mark.parametrize("name", ["white", "mid grey", "red", "yellow"])
def test_the_style_plate_is_white_on_a_dark_plate_with_round_corners(name: str) -> None:
    ground = GROUNDS[name]
    label = Label(style="plate")
    after = draw_label(ground, label)
    box = changed_box(ground, after)
    inside = (after[box] != ground[box]).any(axis=2)
    assert inside.mean() > 0.9, "all but letters of the same white"
    assert not inside[0, 0]
    assert not inside[-1, -1]
    assert (after[strokes(label) == 255] == 255).all()
    assert (after[box][10, 3] < ground[box][10, 3])[ground[box][10, 3] > 0].all()


def test_the_letters_halo_fades_out() -> None:
    ground = GROUNDS["faint noise"] // 2 + 60
    ground[-60:, -200:] += 70
    after = draw_label(ground, Label())
    covered = strokes(Label())
    changed = (after != ground).any(axis=2) & (covered == 0)
    difference = np.abs(after.astype(int) - ground).max(axis=2)
    assert difference[changed].max() > 20
    assert (difference[changed] < 8).mean() > 0.05, "no hard edge"


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_capitals_are_at_least_five_per_cent_of_the_short_side_high(
    width: int, height: int, text: str
) -> None:
    white = even(width, height, (255, 255, 255))
    label = draw_label(white, Label(text))
    assert _height_of_a(label) >= 0.05 * min(width, height)


def _height_of_a(label: Pixels) -> int:
    """Of the first letter: up to the first column without ink."""
    inked = (label < 230).any(axis=2)
    columns = inked.any(axis=0)
    start = int(np.flatnonzero(columns)[0])
    width = int(np.flatnonzero(~columns[start:])[0])
    rows = np.flatnonzero(inked[:, start : start + width].any(axis=1))
    return int(rows[-1] - rows[0] + 1)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_thin_strokes_of_small_labels_contrast_enough_too(width: int, height: int) -> None:
    label = draw_label(even(width, height, (255, 255, 255)), Label())
    thin = label[(label < 200).all(axis=2)].astype(float)
    assert np.median(contrast(thin, np.full(3, 255.0))) >= 4.5


@pytest.mark.parametrize("make", [noise, gradient], ids=["with a plate", "without"])
@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize(("width", "height"), SIZES[::2])
def test_only_the_label_s_corner_changes(
    width: int, height: int, corner: Corner, make: Callable[[int, int], Pixels]
) -> None:
    before = make(width, height)
    rows, columns = changed_box(before, draw_label(before, Label(corner=corner)))
    margin = 0.04 * min(width, height) + 8
    above, below = rows.start, height - rows.stop
    left, right = columns.start, width - columns.stop
    vertical, far = (above, below) if corner.startswith("top") else (below, above)
    assert 0 < vertical <= margin
    assert far >= 0.6 * height
    assert 0 < (left if corner.endswith("left") else right) <= margin


def test_a_compact_label_is_smaller_and_as_wide_as_on_published_pictures() -> None:
    white = even(1024, 1024, (255, 255, 255))
    small, full = (
        changed_box(white, draw_label(white, Label(CHINESE, style))) for style in ("compact", "gb")
    )
    width = small[1].stop - small[1].start
    assert width < 0.5 * (full[1].stop - full[1].start)
    assert width == pytest.approx(0.03 * 1024 * (2 + 0.85), rel=0.1), "two letters, two characters"


def test_a_compact_label_never_outgrows_the_full_one() -> None:
    white = even(4096, 256, (255, 255, 255))
    assert (draw_label(white, Label()) == draw_label(white, Label(style="compact"))).all()


def test_the_input_is_left_as_it_was() -> None:
    before = noise(128, 128)
    kept = before.copy()
    draw_label(before, Label())
    assert np.array_equal(before, kept)


def test_in_place_means_the_same_pixels() -> None:
    before = noise(128, 128)
    after = before.copy()
    label_in_place(after, Label())
    assert np.array_equal(after, draw_label(before, Label()))


def test_a_read_only_picture_can_be_labelled() -> None:
    before = noise(128, 128)
    before.flags.writeable = False
    assert not np.array_equal(draw_label(before, Label()), before)


def test_the_same_picture_gets_the_same_label() -> None:
    before = noise(300, 200)
    assert np.array_equal(draw_label(before, Label()), draw_label(before, Label()))


def test_a_long_text_is_set_smaller_until_it_fits() -> None:
    before = even(256, 256, (255, 255, 255))
    short = changed_box(before, draw_label(before, Label("AI")))
    long = changed_box(before, draw_label(before, Label("AI generated by Example Pictures Ltd.")))
    assert long[1].start > 0
    assert long[0].stop - long[0].start < 2 * (short[0].stop - short[0].start)
    assert long[1].stop - long[1].start > 0.75 * 256


def test_a_picture_too_small_for_its_label_is_named() -> None:
    with pytest.raises(TooSmall, match="16x16 pixels is too small for the label 'AI generated'"):
        draw_label(even(16, 16, (255, 255, 255)), Label())


@pytest.mark.parametrize("text", ["", "   "], ids=["empty", "blank"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedValue, match="the label's text is empty"):
        Label(text)


def test_letters_the_font_lacks_are_named_instead_of_drawn_as_boxes() -> None:
    with pytest.raises(UnsupportedValue, match="cannot draw '龘', '🙂' of 'AI 龘🙂'"):
        Label("AI 龘🙂")
