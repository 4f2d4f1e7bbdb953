"""The frames: the promised aspect ratios, of about one area, on the grid of the latents."""

from collections import Counter

import pytest

from pipelines.embedded.canvas import Frame
from pipelines.embedded.frames import FRAMES, LYING, SQUARE, STANDING, frame_of

GRID = 16
"""Pixels a latent stands for."""


def test_the_square_has_256_pixels_a_side() -> None:
    assert Frame(256, 256) == SQUARE


@pytest.mark.parametrize(("frame", "ratio"), [*zip(LYING, (4 / 3, 3 / 2, 16 / 9), strict=True)])
def test_a_lying_frame_is_of_its_ratio_within_four_percent(frame: Frame, ratio: float) -> None:
    assert frame.width / frame.height == pytest.approx(ratio, rel=0.04)


def test_every_lying_frame_stands_too() -> None:
    assert {(frame.height, frame.width) for frame in STANDING} == {
        (frame.width, frame.height) for frame in LYING
    }


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_has_about_the_squares_area_and_whole_latents(frame: Frame) -> None:
    assert frame.width * frame.height == pytest.approx(256 * 256, rel=0.025)
    assert frame.width % GRID == frame.height % GRID == 0


def test_half_of_all_shards_are_square_and_the_others_of_every_frame_alike() -> None:
    shards = Counter(frame_of(index) for index in range(120))
    assert shards.pop(SQUARE) == 60
    assert shards == dict.fromkeys((*LYING, *STANDING), 10)


@pytest.mark.parametrize("side", [64, 128, 192])
def test_a_smaller_square_makes_all_frames_smaller_and_leaves_whole_latents(side: int) -> None:
    for index in range(12):
        large, small = frame_of(index), frame_of(index, side)
        assert small.width == pytest.approx(large.width * side / 256, abs=GRID / 2)
        assert small.height == pytest.approx(large.height * side / 256, abs=GRID / 2)
        assert small.width % GRID == small.height % GRID == 0
