"""What is added to pixels: the luma that was asked for, and nothing elsewhere."""

import numpy as np
import pytest

from pipelines.tilemark import applying
from pipelines.tilemark.applying import applied
from pipelines.types import Pixels
from tests.pipelines.tilemark.scenes import scene

SIDE = 96


def ripples(height: int, width: int) -> np.ndarray:
    down, along = np.mgrid[:height, :width]
    return (3 * np.sin(down / 3) * np.cos(along / 4)).astype(np.float32)


def luma(pixels: Pixels) -> np.ndarray:
    return pixels[..., :3] @ np.array([0.299, 0.587, 0.114])


def test_luma_grows_by_what_is_added() -> None:
    pixels = np.full((SIDE, SIDE, 3), (90, 130, 170), np.uint8)
    added = ripples(SIDE, SIDE)
    difference = luma(applied(pixels, added)) - luma(pixels)
    assert np.abs(difference - added).max() < 0.6
    assert np.abs((difference - added).mean()) < 0.05


def test_coloured_pictures_change_less_than_by_equal_amounts() -> None:
    pixels = np.full((SIDE, SIDE, 3), (90, 130, 170), np.uint8)
    grey = np.full((SIDE, SIDE, 3), 130, np.uint8)
    added = ripples(SIDE, SIDE)
    changes = [
        np.square(applied(picture, added).astype(int) - picture).mean()
        for picture in (pixels, grey)
    ]
    assert changes[0] < 0.9 * changes[1]


def test_grey_pictures_stay_grey() -> None:
    grey = np.repeat(scene(SIDE, SIDE)[..., :1], 3, axis=2)
    marked = applied(grey, ripples(SIDE, SIDE))
    assert applying.is_grey(marked)
    assert not np.array_equal(marked, grey)


def test_black_and_white_do_not_run_over() -> None:
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[:, SIDE // 2 :] = 255
    marked = applied(pixels, ripples(SIDE, SIDE))
    assert marked[:, : SIDE // 2].max() < 10
    assert marked[:, SIDE // 2 :].min() > 245


def test_opacity_and_clear_pixels_stay_as_they_are() -> None:
    pixels = np.dstack([scene(SIDE, SIDE), np.full((SIDE, SIDE), 255, np.uint8)])
    pixels[20:50, 30:70, 3] = 0
    pixels[60:80, 30:70, 3] = 100
    marked = applied(pixels, ripples(SIDE, SIDE))
    assert np.array_equal(marked[..., 3], pixels[..., 3])
    assert np.array_equal(marked[20:50, 30:70], pixels[20:50, 30:70])
    assert not np.array_equal(marked[60:80, 30:70], pixels[60:80, 30:70])


@pytest.mark.parametrize("size", [(121, 197), (400, 90), (SIDE, SIDE)])
def test_stripes_join_without_a_seam(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, added = scene(*size), ripples(SIDE, SIDE)
    whole = applied(pixels, added)
    monkeypatch.setattr(applying, "_STRIPE_PIXELS", 7 * size[1])
    striped = applied(pixels, added).astype(int)
    assert np.abs(striped - whole).max() <= 1
    assert (striped != whole).mean() < 1e-3


def test_the_source_is_left_alone() -> None:
    pixels = scene(SIDE, SIDE)
    before = pixels.copy()
    applied(pixels, ripples(SIDE, SIDE))
    assert np.array_equal(pixels, before)
