"""Pixels arrive at the wanted size, with their proportions kept."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from pipelines.post.resize import resize
from pipelines.types import Pixels, Size


def disc(width: int, height: int) -> Pixels:
    """A white disc in the middle of black, as wide as half the short side."""
    rows, columns = np.mgrid[:height, :width]
    radius = 0.25 * min(width, height)
    inside = (rows - (height - 1) / 2) ** 2 + (columns - (width - 1) / 2) ** 2 < radius**2
    return np.where(inside[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2)


def extent(pixels: Pixels) -> tuple[int, int]:
    """Width and height of what is white."""
    white = pixels[..., 0] > 127
    return int(white.any(axis=0).sum()), int(white.any(axis=1).sum())


@pytest.mark.parametrize(
    "size", [Size(64, 64), Size(1000, 40), Size(37, 301), Size(2048, 1152)], ids=str
)
def test_the_picture_has_exactly_the_wanted_size(size: Size) -> None:
    assert resize(disc(256, 256), size).shape == (size.height, size.width, 3)


def test_an_equal_size_changes_nothing_and_copies_nothing() -> None:
    pixels = disc(96, 64)
    assert resize(pixels, Size(96, 64)) is pixels


@pytest.mark.parametrize("size", [Size(512, 512), Size(700, 512), Size(512, 900)], ids=str)
def test_a_disc_stays_round_whatever_the_aspect(size: Size) -> None:
    width, height = extent(resize(disc(256, 256), size))
    assert abs(width - height) <= 2


def test_what_overhangs_is_cut_off_evenly_on_both_sides() -> None:
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, :100], pixels[:, 200:] = (255, 0, 0), (0, 0, 255)
    cut = resize(pixels, Size(200, 100)).astype(int)
    assert np.array_equal(cut[:, :40], np.broadcast_to((255, 0, 0), (100, 40, 3)))
    assert np.array_equal(cut[..., 0], cut[:, ::-1, 2])


def test_the_same_bytes_come_out_as_from_pillows_rgb() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    expected = Image.fromarray(pixels).resize((180, 240), Image.Resampling.LANCZOS)
    assert np.array_equal(resize(pixels, Size(180, 240)), np.asarray(expected))


def test_colours_survive_a_long_way_up() -> None:
    pixels = np.full((64, 64, 3), (12, 200, 90), np.uint8)
    assert (resize(pixels, Size(1024, 1024)) == (12, 200, 90)).all()


def test_the_largest_picture_takes_less_memory_than_twice_itself() -> None:
    pixels = disc(512, 512)
    tracemalloc.start()
    try:
        grown = resize(pixels, Size(4096, 4096))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown.nbytes <= peak < 1.8 * grown.nbytes
