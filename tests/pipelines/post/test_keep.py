"""What a mask protects comes back as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.post.keep import Kept, inward

bytes_of = st.integers(0, 255)


@given(
    drawn=arrays(np.uint8, (3, 4, 3), elements=bytes_of),
    original=arrays(np.uint8, (3, 4, 3), elements=bytes_of),
    share=arrays(np.uint8, (3, 4), elements=bytes_of),
)
def test_every_pixel_is_between_the_drawn_and_the_original(
    drawn: np.ndarray, original: np.ndarray, share: np.ndarray
) -> None:
    merged = Kept(original, share).around(drawn)
    assert (merged[share == 0] == original[share == 0]).all()
    assert (merged[share == 255] == drawn[share == 255]).all()
    weight = share[..., None] / 255
    exact = drawn * weight + original * (1 - weight)
    assert np.abs(merged - exact).max() <= 0.501


def test_the_drawn_and_the_original_are_left_as_they_were() -> None:
    drawn, original = np.full((2, 2, 3), 9, np.uint8), np.full((2, 2, 3), 200, np.uint8)
    Kept(original, np.full((2, 2), 128, np.uint8)).around(drawn)
    assert (drawn == 9).all()
    assert (original == 200).all()


@pytest.mark.parametrize("radius", [0.5, 3.0, 12.0])
def test_an_edge_is_softened_to_the_inside_only(radius: float) -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[:, 50:] = 255
    soft = inward(mask, radius)
    assert soft[:, :50].max() == 0
    assert 90 < soft[50, 50] < 240
    assert soft[50, 99] == 255
    assert (np.diff(soft[50].astype(int)) >= 0).all()


def test_a_mask_that_is_soft_already_stays_so() -> None:
    ramp = np.tile(np.arange(0, 250, 10, dtype=np.uint8), (25, 1))
    soft = inward(ramp, 1.0)
    assert (soft <= ramp).all()
    assert np.abs(soft.astype(int) - ramp).max() <= 10
