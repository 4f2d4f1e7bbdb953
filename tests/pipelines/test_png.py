"""PNG files as others read them, however large the picture."""

import io
import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipelines.png import encode_png

Shape = tuple[int, int, int]


def noise(shape: Shape) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 3), (1, 7, 4), (7, 1, 3), (1200, 701, 3), (900, 500, 4), (3, 400_000, 3)],
    ids=["dot", "row", "column", "many stripes", "alpha", "rows wider than a stripe"],
)
def test_the_very_pixels_come_back(shape: Shape) -> None:
    pixels = noise(shape)
    with Image.open(io.BytesIO(encode_png(pixels))) as image:
        assert image.size == (shape[1], shape[0])
        assert np.array_equal(np.asarray(image), pixels)


def test_what_is_no_block_of_memory_gives_the_same_bytes() -> None:
    pixels = noise((300, 200, 4))
    assert encode_png(pixels[::-1, :, :3]) == encode_png(pixels[::-1, :, :3].copy())


def test_a_drawing_is_no_larger_than_zlib_makes_it() -> None:
    drawn = Image.fromarray(noise((16, 16, 3))).resize((512, 512))
    pixels = np.asarray(drawn)
    file = io.BytesIO()
    drawn.save(file, "PNG", compress_level=1)
    assert len(encode_png(pixels)) < 1.1 * len(file.getvalue())


def test_it_needs_little_more_memory_than_its_file() -> None:
    pixels = np.repeat(noise((64, 2048, 3)), 32, axis=0)
    tracemalloc.start()
    try:
        size = len(encode_png(pixels))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * size + 8 * 2**20
    assert peak < pixels.nbytes
