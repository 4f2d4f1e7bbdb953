"""Stable Diffusion XL, and its Turbo which was distilled to four steps at a quarter of the area.

Source: for sizes the buckets of the SDXL report (arXiv:2307.01952, appendix I: multiples of 64
around 1024 x 1024, 512 to 2048 a side); for steps and guidance the model cards. Guidance 12 as the
most is an estimate, and so is how far a picture goes back to noise.
"""

from dataclasses import replace

from pipelines.families.base import Abilities
from pipelines.families.pictures import Strengths
from pipelines.families.recipe import Anchors, Recipe, Redrawing, always, unguided
from pipelines.types import ImageRequest, Limits


class SDXL(Recipe):
    """A negative prompt, and guidance that 1 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance,
        }


BASE = SDXL(
    "sdxl",
    Limits(min_side=512, max_side=2048, grid=64, max_steps=100),
    min_pixels=1024 * 1024,
    max_pixels=1024 * 1024,
    ladder={"low": 20, "standard": 30, "high": 50},
    anchors=Anchors(off=1.0, best=6.0, most=12.0),
    abilities=Abilities(references=1, mask=True),
    redrawing=Redrawing(
        whole="StableDiffusionXLImg2ImgPipeline",
        masked="StableDiffusionXLInpaintPipeline",
        strengths=Strengths({"low": 0.75, "high": 0.55}, masked=0.95),
        whole_takes_size=False,
    ),
)
TURBO = replace(
    BASE,
    name="sdxl_turbo",
    limits=Limits(min_side=256, max_side=1024, grid=64, max_steps=4),
    min_pixels=512 * 512,
    max_pixels=512 * 512,
    ladder=always(4),
    anchors=unguided(0.0),
    abilities=replace(BASE.abilities, negative_prompt=False, guidance=False),
)
