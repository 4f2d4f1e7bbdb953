"""A request's pictures in a pipeline's words: images, and how far they go back towards noise.

Image-to-image pipelines add noise to a picture and take only the last steps of a schedule. Here the
schedule is made so long that the steps really taken are those that the request asked for. Knows no
family.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image

from pipelines.types import Bitmap, Fidelity, ImageRequest

Schedule: TypeAlias = Mapping[str, object]
"""`num_inference_steps` and `strength` of a pipeline's call."""


@dataclass(frozen=True, slots=True)
class Strengths:
    """The share of a schedule that a picture is taken back: at 1 nothing of it is left."""

    by_fidelity: Mapping[Fidelity, float]
    masked: float
    """Where a mask says what stays: there the rest may be all new."""
    rounds_up: bool = False
    """Whether the pipelines take a step that begins within the share, or only whole ones."""

    def schedule(self, request: ImageRequest) -> Schedule:
        """The call's schedule, of which exactly `request.steps` steps are taken."""
        strength = self.by_fidelity[request.fidelity] if request.mask is None else self.masked
        whole = math.ceil(request.steps / strength)
        if whole == request.steps:
            return {"num_inference_steps": whole, "strength": 1.0}
        # Half a step away from where the pipelines round, so that no float can tip it over.
        middle = request.steps + (-0.5 if self.rounds_up else 0.5)
        return {"num_inference_steps": whole, "strength": middle / whole}


def to_image(bitmap: Bitmap) -> Image.Image:
    """A picture, or a mask, as every pipeline takes it."""
    pixels = bitmap.pixels
    return Image.fromarray(pixels[..., 0] if bitmap.channels == 1 else pixels)


def first_image(request: ImageRequest) -> Image.Image:
    """The picture that is edited."""
    return to_image(request.references[0])


def images(request: ImageRequest) -> list[Image.Image]:
    """All that the request refers to."""
    return [to_image(bitmap) for bitmap in request.references]
