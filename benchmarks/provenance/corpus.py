"""The pictures that marks are measured on: 200 drawn by our own model, 100 of other origin.

Our own are drawn small by the embedded model and enlarged, as the server does for its callers. The
others are squares out of the photographs, scans and textures that scikit-image brings along, and
what code draws: flat grounds, gradients, noise, text, graphics.
"""

from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import islice, product
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.drawing import draw
from pipelines.families.embedded import BEST_GUIDANCE, STEPS
from pipelines.post.resize import resize
from pipelines.types import Pixels, Size

SIDE = 1024
_SUBJECTS = (
    "a cat", "a dog", "a bird", "a fish", "a flower", "a magnolia", "a tree", "a house", "a car",
    "a boat", "an apple", "a balloon", "a city", "a small town", "a landscape", "a star",
)  # fmt: skip
_PLACES = (
    "in sunlight", "at night", "at sunset", "in a forest", "by the sea", "in the snow",
    "on a white background", "with blurred background",
)  # fmt: skip
_STYLES = ("", ", watercolor", ", cyberpunk style", ", Van Gogh style")
_PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "coffee.png",
    "coins.png", "color.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png",
    "moon.png", "motorcycle_left.png", "motorcycle_right.png", "page.png", "retina.jpg",
    "rocket.jpg", "text.png",
)  # fmt: skip
_CUTS = 4
"""Squares out of a photograph."""
_LEAST_CUT = 200
_GRAIN = 1.5
"""Deviation of the grain that an enlarged photograph gets, in levels: none is wholly smooth."""


def our_own(count: int) -> Iterator[Pixels]:
    """Draw so many pictures with the embedded model. Shapes: [1024, 1024, 3]."""
    pipeline: Any = DiffusionPipeline.from_pretrained(EMBEDDED_WEIGHTS, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    prompts = [" ".join(words[:2]) + words[2] for words in product(_SUBJECTS, _PLACES, _STYLES)]
    spread = [prompts[index * 61 % len(prompts)] for index in range(count)]
    for first in range(0, count, 8):
        part = spread[first : first + 8]
        for pixels in draw(
            pipeline, part, guidance=BEST_GUIDANCE, steps=STEPS["standard"], first_seed=first
        ):
            yield resize(pixels, Size(SIDE, SIDE))


def others(count: int) -> Iterator[Pixels]:
    """So many pictures of other origin, three of five photographed. Shapes: [1024, 1024, 3]."""
    photographs, drawings = _photographed(), _drawn()
    for index in range(count):
        yield next(photographs if index % 5 < 3 else drawings)


def _photographed() -> Iterator[Pixels]:
    folder = files("skimage.data")
    for turn in range(_CUTS):
        for index, name in enumerate(_PHOTOGRAPHS):
            with (folder / name).open("rb") as file, Image.open(file) as opened:
                yield _square(opened.convert("RGB"), turn, seed=index)


def _square(picture: Image.Image, turn: int, seed: int) -> Pixels:
    chance = np.random.default_rng((seed, turn))
    part = picture.crop(cut(Size(*picture.size), turn, chance))
    levels = np.asarray(part.resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float32)
    return _levels(levels + chance.normal(0, _GRAIN, levels.shape))


def cut(size: Size, turn: int, chance: np.random.Generator) -> tuple[int, int, int, int]:
    """The middle of a photograph, at other turns a part somewhere: left, top, right, low."""
    if turn == 0:
        side = size.short_side
        left, top = (size.width - side) // 2, (size.height - side) // 2
    else:
        side = min(size.short_side, max(_LEAST_CUT, size.short_side // 2))
        left = int(chance.integers(0, size.width - side + 1))
        top = int(chance.integers(0, size.height - side + 1))
    return left, top, left + side, top + side


def _drawn() -> Iterator[Pixels]:
    """What no camera saw; each kind again and again by other chance."""
    kinds: tuple[Callable[[np.random.Generator], Pixels], ...] = (
        _flat, _gradient, _soft, _noise, _clouds, _shapes, _text, _cells, _checker,
    )  # fmt: skip
    for turn in range(1000):
        for index, kind in enumerate(kinds):
            yield kind(np.random.default_rng((turn, index)))


def _flat(chance: np.random.Generator) -> Pixels:
    return np.tile(chance.integers(0, 256, 3).astype(np.uint8), (SIDE, SIDE, 1))


def _gradient(chance: np.random.Generator) -> Pixels:
    """From one colour to another, at any angle."""
    first, second = chance.uniform(0, 255, (2, 3))
    angle = chance.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    share = np.clip(0.5 + x * np.cos(angle) + y * np.sin(angle), 0, 1)[..., None]
    return _levels(first + (second - first) * share)


def _soft(chance: np.random.Generator) -> Pixels:
    return _levels(_enlarged(chance.uniform(0, 255, (4, 4, 3))))


def _noise(chance: np.random.Generator) -> Pixels:
    return chance.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def _clouds(chance: np.random.Generator) -> Pixels:
    """Noise of all sizes, the larger the stronger."""
    octaves = (2**power for power in range(2, 9))
    layers = (_enlarged(chance.normal(0, 400 / side, (side, side, 3))) for side in octaves)
    return _levels(sum(layers, np.full((SIDE, SIDE, 3), 128.0)))


def _shapes(chance: np.random.Generator) -> Pixels:
    picture = Image.fromarray(_soft(chance))
    pen = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y, radius = chance.integers(0, SIDE), chance.integers(0, SIDE), chance.integers(10, 160)
        box = (int(x - radius), int(y - radius), int(x + radius), int(y + radius))
        shape = pen.ellipse if chance.random() < 0.5 else pen.rectangle
        red, green, blue = (int(level) for level in chance.integers(0, 256, 3))
        shape(box, fill=(red, green, blue))
    return np.asarray(picture)


def _text(chance: np.random.Generator) -> Pixels:
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen, size = ImageDraw.Draw(picture), int(chance.integers(16, 48))
    font = ImageFont.load_default(size)
    for y in range(20, SIDE - size, round(size * 1.5)):
        letters = chance.integers(97, 123, SIDE // size)
        line = "".join(" " if chance.random() < 0.17 else chr(letter) for letter in letters)
        pen.text((40, y), line, fill="black", font=font)
    return np.asarray(picture)


def _cells(chance: np.random.Generator) -> Pixels:
    """Flat patches with straight borders, like a map."""
    seeds, colours = chance.uniform(0, SIDE, (60, 2)), chance.integers(0, 256, (60, 3))
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    nearest, least = np.zeros((SIDE, SIDE), np.intp), np.full((SIDE, SIDE), np.inf)
    for index, (down, across) in enumerate(seeds):
        away = np.square(y - down) + np.square(x - across)
        closer = away < least
        nearest[closer], least[closer] = index, away[closer]
    patches: Pixels = colours.astype(np.uint8)[nearest]
    return patches


def _checker(chance: np.random.Generator) -> Pixels:
    side = int(chance.integers(6, 90))
    first, second = chance.integers(0, 256, (2, 3)).astype(np.uint8)
    y, x = np.mgrid[0:SIDE, 0:SIDE] // side
    squares: Pixels = np.where(((x + y) % 2 == 0)[..., None], first, second)
    return squares


def _enlarged(coarse: NDArray[np.float64]) -> NDArray[np.float64]:
    planes = (Image.fromarray(plane.astype(np.float32)) for plane in np.moveaxis(coarse, 2, 0))
    large = [np.asarray(p.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for p in planes]
    return np.stack(large, 2).astype(np.float64)


def _levels(values: NDArray[Any]) -> Pixels:
    limited: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return limited


def some(pictures: Iterator[Pixels], count: int) -> list[Pixels]:
    """The first so many."""
    return list(islice(pictures, count))
