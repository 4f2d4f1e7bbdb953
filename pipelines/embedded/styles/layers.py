"""What the styles share: laying one drawing over another, softness, clouds of chance.

Arrays of pixels in and out, 0 to 255, [height, width, 3]. Knows no scene.
"""

from typing import Any, TypeAlias

import numpy as np
import skia
from numpy.typing import NDArray

from pipelines.embedded.canvas import Rgba, blurred

Picture: TypeAlias = NDArray[np.floating[Any]]


def over(ground: Picture, subject: Rgba) -> Picture:
    alpha = subject[..., 3:].astype(np.float32) / 255
    laid: Picture = ground * (1 - alpha) + subject[..., :3].astype(np.float32) * alpha
    return laid


def soft(picture: Picture, sigma: float) -> Picture:
    return blurred(limited(picture).astype(np.uint8), sigma).astype(np.float32)


def clouds(rng: np.random.Generator, height: int, width: int, cells: int) -> Picture:
    """Smooth noise, 0 to 1, [height, width, 1]; so many cells along the short side."""
    short = min(height, width)
    rows, columns = (max(2, round(cells * side / short)) for side in (height, width))
    coarse = (rng.random((rows, columns)) * 255).astype(np.uint8)
    layers = np.dstack([coarse, coarse, coarse, np.full_like(coarse, 255)])
    image = skia.Image.fromarray(np.ascontiguousarray(layers), skia.kRGBA_8888_ColorType)
    smooth = image.resize(width, height, skia.SamplingOptions(skia.CubicResampler.Mitchell()))
    drawn: Picture = smooth.toarray()[..., :1].astype(np.float32) / 255
    return drawn


def edges(picture: Picture, sigma: float) -> Picture:
    """How much darker a place is than what is around it, [height, width, 1], 0 to 1."""
    grey = picture.mean(2, keepdims=True).repeat(3, 2)
    darker = (soft(grey, sigma * 2) - soft(grey, sigma))[..., :1]
    return np.clip((darker - 1.5) / 12, 0, 1)


def limited(picture: Picture) -> Picture:
    inside: Picture = np.clip(picture, 0, 255).astype(np.float32)
    return inside
