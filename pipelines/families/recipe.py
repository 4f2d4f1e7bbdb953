"""A family's numbers and the arithmetic on them: which size, how many steps, what guidance.

Knows no pipeline: each family adds what its arguments are called. All its results are exact and
repeatable, so that the same call is always drawn the same way.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from typing import Self

from pipelines.families.base import USUAL_SCALE, Abilities, Quality
from pipelines.families.pictures import Strengths, first_image, to_image
from pipelines.types import ImageRequest, Limits, Size

_WEAKEST_SCALE, _STRONGEST_SCALE = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the API's guidance scale means to a model: three points, straight lines between them."""

    off: float
    """Where the model begins to guide: the API's 1."""
    best: float
    """What its makers recommend: the API's usual scale, and when nothing was said."""
    most: float
    """The most it takes before colours burn: the API's 10."""

    def at(self, scale: float | None, usual: float = USUAL_SCALE) -> float:
        """Translate an API scale; one beyond 1 to 10 counts as the nearest in it."""
        if scale is None:
            return self.best
        scale = min(max(scale, _WEAKEST_SCALE), _STRONGEST_SCALE)
        points = (
            (_WEAKEST_SCALE, self.off),
            (usual, self.best),
            (_STRONGEST_SCALE, self.most),
        )
        (left, low), (right, high) = next(pair for pair in pairwise(points) if scale <= pair[1][0])
        return low + (scale - left) / (right - left) * (high - low)


def unguided(value: float) -> Anchors:
    """For distilled models, which had their guidance in training: one value, whatever is asked."""
    return Anchors(value, value, value)


def always(steps: int) -> Mapping[Quality, int]:
    """For distilled models, which were trained for one number of steps."""
    return {"low": steps, "standard": steps, "high": steps}


PROMPT_ONLY = Abilities()
"""Guidance and a negative prompt, no pictures."""


@dataclass(frozen=True, slots=True)
class Redrawing:
    """How a model without an understanding of pictures begins from one: from its noisy latents."""

    whole: str
    """The pipeline class that draws from a picture."""
    masked: str
    """The one that draws within a mask."""
    strengths: Strengths
    whole_takes_size: bool = True
    """Or it draws as large as the picture."""


@dataclass(frozen=True)
class Recipe(ABC):
    """What is alike in every family. Units: pixels."""

    name: str
    limits: Limits
    min_pixels: int
    max_pixels: int
    """The areas the model draws well. Its sides' limits weigh more for a long picture."""
    ladder: Mapping[Quality, int]
    """Denoising steps by quality."""
    anchors: Anchors
    abilities: Abilities = PROMPT_ONLY
    redrawing: Redrawing | None = None

    def pipeline(self, request: ImageRequest) -> str | None:
        """The stand-in's own pipeline draws what does not begin from a picture."""
        if self.redrawing is None or not request.references:
            return None
        return self.redrawing.whole if request.mask is None else self.redrawing.masked

    def native_size(self, wanted: Size) -> Size:
        """The wanted size itself, rounded up to the grid, or its shape at the nearest area drawn.

        A shape longer than the limits allow becomes the longest they allow.
        """
        grid = self.limits.grid
        rounded_up = Size(-(-wanted.width // grid) * grid, -(-wanted.height // grid) * grid)
        return rounded_up if self._draws(rounded_up) else self._nearest(wanted)

    def steps(self, quality: Quality) -> int:
        """How many denoising steps a picture of this quality takes."""
        return self.ladder[quality]

    def guidance(self, scale: float | None, usual: float = USUAL_SCALE) -> float:
        """The API's guidance scale in this model's own meaning."""
        return self.anchors.at(scale, usual)

    def tuned(self, steps: int | None, guidance: float | None) -> Self:
        """The same recipe for weights that take another number of steps, or other guidance."""
        tuned = self
        if steps is not None:
            limits = replace(self.limits, max_steps=max(steps, self.limits.max_steps))
            tuned = replace(tuned, ladder=always(steps), limits=limits)
        if guidance is not None:
            off = min(guidance, self.anchors.off)
            anchors = Anchors(off, guidance, max(guidance, self.anchors.most))
            tuned = replace(tuned, anchors=anchors)
        return tuned

    @abstractmethod
    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""

    def common(self, request: ImageRequest) -> dict[str, object]:
        """The arguments that every pipeline calls the same."""
        arguments: dict[str, object] = {
            "prompt": request.prompt,
            "width": request.size.width,
            "height": request.size.height,
            "num_inference_steps": request.steps,
        }
        if self.redrawing is None or not request.references:
            return arguments
        arguments |= {"image": first_image(request), **self.redrawing.strengths.schedule(request)}
        if request.mask is not None:
            arguments["mask_image"] = to_image(request.mask)
        elif not self.redrawing.whole_takes_size:
            del arguments["width"], arguments["height"]
        return arguments

    def _draws(self, size: Size) -> bool:
        """Whether a size on the grid is one that `_nearest` could give for some wanted size."""
        limits, half = self.limits, self.limits.grid / 2
        long_side, short_side = max(size.width, size.height), size.short_side
        if short_side < limits.min_side or long_side > limits.max_side:
            return False
        large_enough = (size.width + half) * (size.height + half) >= self.min_pixels
        small_enough = (size.width - half) * (size.height - half) <= self.max_pixels
        return (large_enough or long_side == limits.max_side) and (
            small_enough or short_side == limits.min_side
        )

    def _nearest(self, wanted: Size) -> Size:
        limits = self.limits
        aspect = max(wanted.width, wanted.height) / wanted.short_side
        aspect = min(aspect, limits.max_side / limits.min_side)
        area: float = min(max(wanted.pixels, self.min_pixels), self.max_pixels)
        area = min(max(area, limits.min_side**2 * aspect), limits.max_side**2 / aspect)
        long_side = self._on_grid(sqrt(area * aspect))
        short_side = self._on_grid(sqrt(area / aspect))
        if wanted.width < wanted.height:
            return Size(short_side, long_side)
        return Size(long_side, short_side)

    def _on_grid(self, side: float) -> int:
        return round(side / self.limits.grid) * self.limits.grid
