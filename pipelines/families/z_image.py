"""Z-Image, and its Turbo which was distilled to eight evaluations.

Its guidance counts from 0: the pipeline computes `cond + g * (cond - uncond)`, so that 4 here is
what other models call 5, and Turbo must be given 0 against a default of 5.

Source: Tongyi-MAI/Z-Image README (512 x 512 to 2048 x 2048 in all; demonstrated to 1536 x 1536 and
2048 x 1152; Turbo 9 steps, of which the last costs nothing; base 28 to 50 steps, guidance 3 to 5);
`ZImagePipeline` refuses sizes off a grid of 16. Guidance 7 as the most is an estimate, and so is
how far a picture goes back to noise.
"""

from dataclasses import replace

from pipelines.families.base import Abilities
from pipelines.families.pictures import Strengths
from pipelines.families.recipe import Anchors, Recipe, Redrawing, always, unguided
from pipelines.types import ImageRequest, Limits


class ZImage(Recipe):
    """A negative prompt, and guidance that 0 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance,
        }


BASE = ZImage(
    "z_image",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=512 * 512,
    max_pixels=1536 * 1536,
    ladder={"low": 28, "standard": 40, "high": 50},
    anchors=Anchors(off=0.0, best=4.0, most=7.0),
    abilities=Abilities(references=1, mask=True),
    redrawing=Redrawing(
        whole="ZImageImg2ImgPipeline",
        masked="ZImageInpaintPipeline",
        strengths=Strengths({"low": 0.8, "high": 0.6}, masked=0.95, rounds_up=True),
    ),
)
TURBO = replace(
    BASE,
    name="z_image_turbo",
    limits=replace(BASE.limits, max_steps=16),
    ladder=always(9),
    anchors=unguided(0.0),
    abilities=replace(BASE.abilities, negative_prompt=False, guidance=False),
)
