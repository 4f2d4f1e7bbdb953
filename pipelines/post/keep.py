"""Puts back what a mask protects: the picture that came in, pixel for pixel, around what was drawn.

An inpainting model redraws everything, and what it was told to keep comes out a little different
and, when it draws smaller than the answer, less sharp. Knows no model.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.types import Pixels


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture and where it may be drawn over.

    Shapes: original [height, width, 3]; drawn [height, width], 255 where nothing is kept.
    """

    original: Pixels = field(repr=False, compare=False)
    drawn: NDArray[np.uint8] = field(repr=False, compare=False)

    def around(self, pixels: Pixels) -> Pixels:
        """The drawn pixels where they may be, the original everywhere else.

        One channel at a time, because the products need twice the memory of the picture.
        """
        merged = np.empty_like(pixels)
        share = self.drawn.astype(np.uint16)
        for channel in range(pixels.shape[2]):
            new, old = pixels[..., channel], self.original[..., channel]
            merged[..., channel] = (new * share + old * (255 - share) + 127) // 255
        return merged


def inward(mask: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """Soften a mask's edges to the inside: where it was 0 it stays 0.

    Units: radius in pixels. Shapes: mask [height, width].
    """
    soft = np.asarray(Image.fromarray(mask).filter(ImageFilter.GaussianBlur(radius)))
    return np.where(soft < mask, soft, mask)
