"""The label can be read on any ground, and touches nothing but its corner."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.errors import TooSmall, UnsupportedValue
from pipelines.post.watermark import draw_label
from pipelines.types import Pixels

SIZES = [(64, 64), (100, 80), (256, 256), (256, 4096), (4096, 256), (768, 1344), (1024, 1024)]


def even(width: int, height: int, colour: tuple[int, int, int]) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


def gradient(width: int, height: int) -> Pixels:
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (height, width, 3)))


def noise(width: int, height: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def stripes(width: int, height: int) -> Pixels:
    dark = (np.arange(width) // 8 % 2 == 0)[None, :, None]
    return np.broadcast_to(np.where(dark, 0, 255), (height, width, 3)).astype(np.uint8)


GROUNDS = {
    "white": even(512, 512, (255, 255, 255)),
    "black": even(512, 512, (0, 0, 0)),
    "mid grey": even(512, 512, (118, 118, 118)),
    "red": even(512, 512, (220, 20, 30)),
    "blue": even(512, 512, (30, 60, 230)),
    "gradient": gradient(512, 512),
    "steep gradient": gradient(512, 512)[:, ::-1].copy(),
    "noise": noise(512, 512),
    "stripes": stripes(512, 512),
}


def luminance(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """WCAG relative luminance of colours from 0 to 255, written anew as a check on the module."""
    value = pixels / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = luminance(first) + 0.05, luminance(second) + 0.05
    return np.maximum(a, b) / np.minimum(a, b)


def label_box(before: Pixels, after: Pixels) -> tuple[slice, slice]:
    """The smallest box that holds every changed pixel."""
    changed = (before != after).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def ink_mask(width: int, height: int, text: str = "AI generated") -> NDArray[np.bool_]:
    """Where full ink lies: black letters on white need no plate, so they show it exactly."""
    return (draw_label(even(width, height, (255, 255, 255)), text) == 0).all(axis=2)


@pytest.mark.parametrize("ground", GROUNDS.values(), ids=GROUNDS)
def test_ink_and_what_lies_around_it_contrast_by_at_least_four_and_a_half(ground: Pixels) -> None:
    """The letters' full ink against every pixel of the label that no letter touches."""
    after = draw_label(ground)
    mask = ink_mask(512, 512)
    ink = after[mask]
    assert (ink == ink[0]).all()
    assert ink[0].tolist() in ([0, 0, 0], [255, 255, 255])
    white = even(512, 512, (255, 255, 255))
    letters = draw_label(white)
    box = label_box(white, letters)
    between = (letters[box] == 255).all(axis=2)
    around = after[box][between].astype(float)
    assert contrast(around, ink[0].astype(float)).min() >= 4.5


@pytest.mark.parametrize("name", ["noise", "stripes"])
def test_the_ground_shines_through_the_plate(name: str) -> None:
    white = even(512, 512, (255, 255, 255))
    letters = draw_label(white)
    box = label_box(white, letters)
    between = (letters[box] == 255).all(axis=2)
    assert draw_label(GROUNDS[name])[box][between].std() > 10


@pytest.mark.parametrize("name", ["white", "black", "mid grey", "red", "blue"])
def test_an_even_ground_gets_no_plate(name: str) -> None:
    before = GROUNDS[name]
    after = draw_label(before)
    changed = (before != after).any(axis=2).sum()
    rows, columns = label_box(before, after)
    assert changed < 0.4 * (rows.stop - rows.start) * (columns.stop - columns.start)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_capitals_are_at_least_five_per_cent_of_the_short_side_high(
    width: int, height: int
) -> None:
    label = draw_label(even(width, height, (255, 255, 255)), "AI")
    rows = np.flatnonzero((label < 200).any(axis=(1, 2)))
    assert rows[-1] - rows[0] + 1 >= 0.05 * min(width, height)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_thin_strokes_of_small_labels_contrast_enough_too(width: int, height: int) -> None:
    label = draw_label(even(width, height, (255, 255, 255)))
    strokes = label[(label < 200).all(axis=2)].astype(float)
    assert np.median(contrast(strokes, np.full(3, 255.0))) >= 4.5


@pytest.mark.parametrize("make", [noise, gradient], ids=["with a plate", "without"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_only_the_bottom_right_corner_changes(
    width: int, height: int, make: Callable[[int, int], Pixels]
) -> None:
    before = make(width, height)
    rows, columns = label_box(before, draw_label(before))
    margin = 0.06 * min(width, height) + 4
    assert rows.start >= 0.6 * height
    assert height - margin <= rows.stop < height
    assert width - margin <= columns.stop < width


def test_the_label_of_the_largest_picture_fits_and_is_readable() -> None:
    before = even(4096, 4096, (250, 250, 250))
    after = draw_label(before)
    rows, columns = label_box(before, after)
    assert rows.start > 0.85 * 4096
    assert columns.start > 0.5 * 4096
    assert (after == 0).any()


def test_the_input_is_left_as_it_was() -> None:
    before = noise(128, 128)
    kept = before.copy()
    draw_label(before)
    assert np.array_equal(before, kept)


def test_a_read_only_picture_can_be_labelled() -> None:
    before = noise(128, 128)
    before.flags.writeable = False
    assert not np.array_equal(draw_label(before), before)


def test_the_same_picture_gets_the_same_label() -> None:
    before = noise(300, 200)
    assert np.array_equal(draw_label(before), draw_label(before))


def test_a_long_text_is_set_smaller_until_it_fits() -> None:
    before = even(256, 256, (255, 255, 255))
    short = label_box(before, draw_label(before, "AI"))
    long = label_box(before, draw_label(before, "AI generated by Example Pictures Ltd."))
    assert long[1].start > 0
    assert long[0].stop - long[0].start < 2 * (short[0].stop - short[0].start)
    assert long[1].stop - long[1].start > 0.75 * 256


def test_a_picture_too_small_for_its_label_is_named() -> None:
    with pytest.raises(TooSmall, match="16x16 pixels is too small for the label 'AI generated'"):
        draw_label(even(16, 16, (255, 255, 255)))


def test_letters_the_font_lacks_are_named_instead_of_drawn_as_boxes() -> None:
    with pytest.raises(UnsupportedValue, match="cannot draw '成', '生' of 'AI生成'"):
        draw_label(even(256, 256, (255, 255, 255)), "AI生成")


@pytest.mark.parametrize("text", ["", "   "], ids=["empty", "blank"])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedValue, match="the label's text is empty"):
        draw_label(even(256, 256, (255, 255, 255)), text)
