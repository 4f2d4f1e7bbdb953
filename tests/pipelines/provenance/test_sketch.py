"""A sketch knows parts of its picture, however they were saved, and tells others from them."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from pipelines.provenance.sketch import resemblance, sketch
from pipelines.types import Pixels

UNLIKE = 0.55


def scenery(seed: int, width: int = 240, height: int = 160) -> Image.Image:
    """Large soft spots of colour, another picture for each seed."""
    chance = np.random.default_rng(seed)
    spots = chance.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(spots).resize((width, height), Image.Resampling.BICUBIC)


def of(image: Image.Image) -> Pixels:
    return np.asarray(image)


PICTURE = scenery(1)
KEPT = sketch(of(PICTURE))


def test_a_sketch_is_small_and_keeps_the_shape() -> None:
    assert tuple(KEPT[:2]) == (16, 11)
    assert len(KEPT) == 2 + 16 * 11 * 3
    assert sketch(of(PICTURE)) == KEPT


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: image, id="itself"),
        pytest.param(lambda image: image.resize((91, 61)), id="smaller"),
        pytest.param(ImageOps.grayscale, id="grey"),
        pytest.param(ImageEnhance.Brightness(PICTURE).enhance, id="darker"),
        pytest.param(lambda image: image.rotate(2), id="tilted"),
    ],
)
def test_a_copy_resembles(change: Callable[..., Image.Image]) -> None:
    copy = change(0.7) if change.__name__ == "enhance" else change(PICTURE)
    assert resemblance(KEPT, of(copy.convert("RGB"))) > 0.8


@pytest.mark.parametrize("scale", [1.1, 1.33, 2.0])
def test_a_part_resembles_where_it_lay(scale: float) -> None:
    width, height = round(240 / scale), round(160 / scale)
    part = PICTURE.crop((240 - width, 160 - height, 240, 160))
    assert resemblance(KEPT, of(part), scale) > 0.8


def test_other_pictures_and_their_parts_do_not() -> None:
    for scale in (1.0, 1.33):
        box = (0, 0, round(240 / scale), round(160 / scale))
        found = [resemblance(KEPT, of(scenery(seed).crop(box)), scale) for seed in range(2, 42)]
        assert np.mean(np.array(found) < UNLIKE) > 0.9


def test_plain_pictures_are_alike_and_unlike_others() -> None:
    chance = np.random.default_rng(0)
    noise = chance.integers(-2, 3, (2, 64, 64, 3))
    first, second = (np.clip(200 + one, 0, 255).astype(np.uint8) for one in noise)
    assert resemblance(sketch(first), second) > 0.8
    assert resemblance(sketch(first), of(PICTURE)) < UNLIKE


def test_clear_parts_count_as_white() -> None:
    clear = np.dstack([of(PICTURE), np.zeros((160, 240), np.uint8)])
    assert sketch(clear) == sketch(np.full((160, 240, 3), 255, np.uint8))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 2), (15, 16)])
def test_any_shape_can_be_compared(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), 90, np.uint8)
    assert -1 <= resemblance(sketch(pixels), of(PICTURE), 1.0) <= 1.001
    assert -1 <= resemblance(KEPT, pixels, 3.3) <= 1.001
