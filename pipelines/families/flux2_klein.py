"""FLUX.2 Klein: the one distilled to four steps, and the base it was distilled from.

The distilled one ignores guidance and warns at more than 1, while its pipeline's default is 4: a
value of 1 is always passed. The pipeline takes no negative prompt as text.

It takes references as they are, several, at the cost of their tokens in every step. With a mask
another pipeline draws, which looks at two of them; of more, all are looked at and what the mask
protects is put back afterwards.

Source: the model cards (4 steps; base 50 steps and guidance 4) and `Flux2KleinPipeline`, which
floors sizes to 16. The areas are an estimate: the makers publish only "up to 4 megapixels". So are
guidance 8 as the most, 28 steps as the least and four references.
"""

from dataclasses import replace

from pipelines.families.base import MEGAPIXEL_TOKENS, Abilities
from pipelines.families.pictures import images, to_image
from pipelines.families.recipe import Anchors, Recipe, always, unguided
from pipelines.types import ImageRequest, Limits

_LOOKS_AT = 2
"""References of the pipeline for masks, the one that is drawn over included."""


class Flux2Klein(Recipe):
    """Guidance in two calls a step, which 1 turns off."""

    def pipeline(self, request: ImageRequest) -> str | None:
        """The same pipeline for words and for pictures; another one for a mask."""
        masked = request.mask is not None and 0 < len(request.references) <= _LOOKS_AT
        return "Flux2KleinInpaintPipeline" if masked else None

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        arguments = self.common(request) | {"guidance_scale": request.guidance}
        shown = images(request)
        if request.mask is None or self.pipeline(request) is None:
            return arguments | {"image": shown or None}
        return arguments | {
            "image": shown[0],
            "image_reference": shown[1] if len(shown) > 1 else None,
            "mask_image": to_image(request.mask),
            "strength": 1.0,
        }


BASE = Flux2Klein(
    "flux2_klein_base",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=512 * 512,
    max_pixels=2 * 1024 * 1024,
    ladder={"low": 28, "standard": 50, "high": 50},
    anchors=Anchors(off=1.0, best=4.0, most=8.0),
    abilities=Abilities(
        references=4, mask=True, negative_prompt=False, tokens_per_reference=MEGAPIXEL_TOKENS
    ),
)
DISTILLED = replace(
    BASE,
    name="flux2_klein",
    limits=replace(BASE.limits, max_steps=8),
    ladder=always(4),
    anchors=unguided(1.0),
    abilities=replace(BASE.abilities, guidance=False),
)
