"""Copies of a picture have its hash but for few bits, other pictures have another one."""

import io
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from pipelines.provenance.phash import ALIKE, distance, perceptual_hash
from pipelines.types import Pixels

SHEET = Path(__file__).parents[3] / "docs" / "embedded-contact-sheet.png"
_CELL, _LINE, _FRAME = 192, 222, 2
_AGAIN = (18, 19, 22, 23)
"""Cells of a prompt that another cell has in another language, drawn with the same noise."""


@pytest.fixture(scope="module")
def drawn() -> list[Image.Image]:
    """What the embedded model draws: few shapes in the middle, the hardest to tell apart."""
    with Image.open(SHEET) as sheet:
        corners = [
            (column * _CELL + _FRAME, row * _LINE + _FRAME)
            for row in range(sheet.height // _LINE)
            for column in range(sheet.width // _CELL)
        ]
        side = _CELL - 2 * _FRAME
        cells = [sheet.convert("RGB").crop((x, y, x + side, y + side)) for x, y in corners]
    return [
        cell.resize((384, 384), Image.Resampling.BICUBIC)
        for number, cell in enumerate(cells)
        if number not in _AGAIN
    ]


def hashed(image: Image.Image) -> int:
    return perceptual_hash(np.asarray(image))


def saved(image: Image.Image, kind: str, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    with Image.open(file) as read:
        return read.convert("RGB")


def labelled(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).text((280, 350), "AI generated", "white", stroke_fill="black")
    return copy


Change = Callable[[Image.Image], Image.Image]


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (lambda image: saved(image, "JPEG", 50), 4),
        (lambda image: saved(image, "WEBP", 50), 6),
        (lambda image: image.resize((192, 192)), 4),
        (lambda image: image.resize((1000, 700), Image.Resampling.LANCZOS), 4),
        (lambda image: image.filter(ImageFilter.GaussianBlur(2)), 4),
        (lambda image: saved(image.resize((250, 250)), "JPEG", 60), 6),
        (labelled, ALIKE),
        (lambda image: ImageEnhance.Contrast(image).enhance(1.5), ALIKE),
        (lambda image: image.crop((6, 6, 378, 378)), ALIKE),
    ],
    ids=["jpeg", "webp", "half", "wider", "blur", "small jpeg", "label", "contrast", "crop"],
)
def test_a_copy_is_near(change: Change, most: int, drawn: list[Image.Image]) -> None:
    apart = [distance(hashed(image), hashed(change(image))) for image in drawn]
    assert max(apart) <= most
    assert sum(apart) / len(apart) <= most / 2


def test_other_pictures_are_far(drawn: list[Image.Image]) -> None:
    hashes = [hashed(image) for image in drawn]
    apart = sorted(distance(one, other) for one, other in combinations(hashes, 2))
    assert sum(bits <= ALIKE for bits in apart) <= 1, "a disc and a heart in the middle are alike"
    assert apart[len(apart) // 2] >= 24


def test_a_turned_picture_is_another_one(drawn: list[Image.Image]) -> None:
    turned = [distance(hashed(image), hashed(image.rotate(180))) for image in drawn]
    assert sorted(turned)[len(turned) // 4] > ALIKE


def test_what_cannot_be_seen_changes_nothing() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    noise[..., 3] = 0
    noise[16:48, 16:40] = (200, 30, 30, 255)
    white = np.full((64, 64, 3), 255, np.uint8)
    white[16:48, 16:40] = (200, 30, 30)
    assert perceptual_hash(noise) == perceptual_hash(white) != 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 4096, 3), (3000, 2, 4), (17, 5, 3)])
def test_any_shape_has_a_hash_of_64_bits(shape: tuple[int, ...]) -> None:
    pixels: Pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert 0 <= perceptual_hash(pixels) < 2**64
    assert perceptual_hash(pixels) == perceptual_hash(np.asfortranarray(pixels))


@pytest.mark.parametrize("level", [0, 128, 250])
def test_one_colour_has_no_hash_and_noise_on_it_hardly_one(level: int) -> None:
    flat = np.full((256, 256, 3), level, np.uint8)
    assert perceptual_hash(flat) == 0
    noise = np.random.default_rng(2).integers(0, 3, flat.shape, dtype=np.uint8)
    assert perceptual_hash(flat + noise) == 0
    assert perceptual_hash(flat[:40, :40] + noise[:40, :40]).bit_count() < 8
