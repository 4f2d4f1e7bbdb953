"""LongCat-Image, a model of about one megapixel that writes Chinese and English, and its editor.

Its pipeline rewrites the prompt with a language model unless told not to: a picture must be of the
words that were sent, so it is told. The one that edits looks at one picture and makes a megapixel
of that picture's shape, whatever else was wanted; so it is asked for sizes that it makes.

Source: meituan-longcat/LongCat-Image@af39f67e README (768 x 1344, 50 steps, guidance 4 to 4.5; the
editor 50 steps at 4.5, its turbo 8 at 1); `LongCatImagePipeline` floors sizes to 16. Guidance 8 as
the most and 30 steps as the least are estimates.
"""

import math
from dataclasses import replace
from functools import cache
from itertools import product

from pipelines.families.base import MEGAPIXEL_TOKENS, Abilities
from pipelines.families.pictures import first_image
from pipelines.families.recipe import Anchors, Recipe, always, unguided
from pipelines.types import ImageRequest, Limits, Size

_AREA = 1024 * 1024


class LongCat(Recipe):
    """A negative prompt, and guidance in two calls a step, which 1 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance,
            "enable_prompt_rewrite": False,
        }


class LongCatEdit(LongCat):
    """Shown to the text encoder and to the transformer; a mask's rest is put back afterwards."""

    def pipeline(self, request: ImageRequest) -> str | None:
        """Its own pipeline refuses to draw without a picture."""
        return None if request.references else "LongCatImagePipeline"

    def native_size(self, wanted: Size) -> Size:
        """Of the sizes that the pipeline makes the one nearest in shape."""
        grid, made = self.limits.grid, _made_by(self.limits)
        rounded_up = Size(-(-wanted.width // grid) * grid, -(-wanted.height // grid) * grid)
        if rounded_up in made:
            return rounded_up
        return min(made, key=lambda size: abs(math.log(_aspect(size) / _aspect(wanted))))

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        arguments = super().arguments(request)
        if not request.references:
            return arguments
        for name in ("width", "height", "enable_prompt_rewrite"):
            del arguments[name]
        return arguments | {"image": first_image(request)}


@cache
def _made_by(limits: Limits) -> tuple[Size, ...]:
    """The sizes that come out of a picture of just that size."""
    sides = range(limits.min_side, limits.max_side + 1, limits.grid)
    sizes = (Size(width, height) for width, height in product(sides, sides))
    return tuple(size for size in sizes if _made_of(size, limits.grid) == size)


def _made_of(picture: Size, grid: int) -> Size:
    """A megapixel of a picture's shape, rounded up. Exactly the pipeline's arithmetic."""
    width = math.sqrt(_AREA * _aspect(picture))
    height = width / _aspect(picture)
    return Size(math.ceil(width / grid) * grid, math.ceil(height / grid) * grid)


def _aspect(size: Size) -> float:
    return size.width / size.height


FAMILY = LongCat(
    "longcat",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=_AREA,
    max_pixels=_AREA,
    ladder={"low": 30, "standard": 50, "high": 50},
    anchors=Anchors(off=1.0, best=4.5, most=8.0),
)
EDIT = LongCatEdit(
    "longcat_edit",
    FAMILY.limits,
    min_pixels=FAMILY.min_pixels,
    max_pixels=FAMILY.max_pixels,
    ladder=FAMILY.ladder,
    anchors=FAMILY.anchors,
    abilities=Abilities(
        references=1,
        mask=True,
        tokens_per_reference=MEGAPIXEL_TOKENS,
        enlarges_references=True,
    ),
)
EDIT_TURBO = replace(
    EDIT,
    name="longcat_edit_turbo",
    limits=replace(EDIT.limits, max_steps=16),
    ladder=always(8),
    anchors=unguided(1.0),
    abilities=replace(EDIT.abilities, negative_prompt=False, guidance=False),
)
