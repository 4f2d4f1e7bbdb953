"""A plain background goes, the subject stays, and nothing else is promised."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.post.matting import remove_background
from pipelines.types import Pixels


def backgrounds(height: int, width: int) -> dict[str, Pixels]:
    rows = np.linspace(0, 1, height)[:, None, None]
    sky = np.array([120, 170, 240]) * (1 - rows) + np.array([200, 220, 250]) * rows
    sand = np.broadcast_to([225, 205, 150], (height, width, 3))
    grain = np.random.default_rng(0).normal(0, 4, (height, width, 3))
    return {
        "white": np.full((height, width, 3), 255, np.uint8),
        "black": np.zeros((height, width, 3), np.uint8),
        "gradient": np.broadcast_to(sky, (height, width, 3)).astype(np.uint8),
        "sky over sand": np.where(rows < 0.6, sky, sand).astype(np.uint8),
        "grainy green": np.clip(np.array([60, 150, 70]) + grain, 0, 255).astype(np.uint8),
    }


def disc_mask(height: int, width: int, radius: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:height, :width]
    inside: NDArray[np.bool_] = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < radius**2
    return inside


@pytest.mark.parametrize("name", backgrounds(8, 8))
@pytest.mark.parametrize(("height", "width"), [(256, 256), (320, 700), (1024, 1024)])
def test_a_red_disc_is_cut_out_of_a_plain_background(height: int, width: int, name: str) -> None:
    pixels = backgrounds(height, width)[name].copy()
    subject = disc_mask(height, width, 90)
    pixels[subject] = (210, 30, 40)
    alpha = remove_background(pixels)[..., 3]
    assert alpha[disc_mask(height, width, 84)].min() == 255
    assert alpha[~disc_mask(height, width, 98)].max() == 0


def test_the_edge_is_soft() -> None:
    pixels = backgrounds(512, 512)["white"]
    pixels[disc_mask(512, 512, 120)] = (210, 30, 40)
    alpha = remove_background(pixels)[..., 3]
    assert ((alpha > 20) & (alpha < 235)).any()


def test_colours_and_input_stay_as_they_were() -> None:
    pixels = backgrounds(128, 200)["gradient"]
    kept = pixels.copy()
    cut = remove_background(pixels)
    assert cut.shape == (128, 200, 4)
    assert np.array_equal(cut[..., :3], kept)
    assert np.array_equal(pixels, kept)


def test_a_background_coloured_spot_inside_the_subject_stays_opaque() -> None:
    pixels = backgrounds(256, 256)["white"]
    pixels[disc_mask(256, 256, 100)] = (30, 60, 200)
    pixels[disc_mask(256, 256, 30)] = 255
    assert remove_background(pixels)[..., 3][disc_mask(256, 256, 94)].min() == 255


def test_background_round_many_corners_is_reached() -> None:
    """Walls within walls, their doors on opposite sides."""
    walls = np.zeros((121, 121), bool)
    for ring in range(5, 55, 10):
        walls[ring, ring : 121 - ring] = walls[120 - ring, ring : 121 - ring] = True
        walls[ring : 121 - ring, ring] = walls[ring : 121 - ring, 120 - ring] = True
        walls[57:64, ring if ring // 10 % 2 else 120 - ring] = False
    pixels = np.where(np.kron(walls, np.ones((4, 4), bool))[..., None], 0, 255)
    alpha = remove_background(pixels.astype(np.uint8).repeat(3, axis=2))[..., 3]
    assert alpha[242, 242] == 0


def test_a_subject_that_touches_the_border_is_kept() -> None:
    pixels = backgrounds(300, 300)["sky over sand"].copy()
    pixels[150:, 140:165] = (90, 20, 120)
    alpha = remove_background(pixels)[..., 3]
    assert alpha[170:, 148:157].min() == 255
    assert alpha[:, :120].max() == 0


def test_a_picture_without_a_plain_background_is_not_emptied() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert remove_background(noise)[..., 3].mean() > 32


@pytest.mark.parametrize(("height", "width"), [(8, 8), (64, 2048), (2048, 64)])
def test_odd_sizes_keep_their_shape(height: int, width: int) -> None:
    assert remove_background(np.zeros((height, width, 3), np.uint8)).shape == (height, width, 4)
