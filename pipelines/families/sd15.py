"""Stable Diffusion 1.x, and the many models that were trained on from it.

Source: the model card (512 x 512, 50 steps, guidance 7.5). Guidance 12 as the most, 20 steps as the
least and sides to 1024 are estimates, and so is how far a picture goes back to noise.
"""

from pipelines.families.base import Abilities
from pipelines.families.pictures import Strengths
from pipelines.families.recipe import Anchors, Recipe, Redrawing
from pipelines.types import ImageRequest, Limits


class StableDiffusion(Recipe):
    """A negative prompt, and guidance that 1 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance,
        }


FAMILY = StableDiffusion(
    "sd15",
    Limits(min_side=256, max_side=1024, grid=64, max_steps=100),
    min_pixels=512 * 512,
    max_pixels=512 * 512,
    ladder={"low": 20, "standard": 30, "high": 50},
    anchors=Anchors(off=1.0, best=7.5, most=12.0),
    abilities=Abilities(references=1, mask=True),
    redrawing=Redrawing(
        whole="StableDiffusionImg2ImgPipeline",
        masked="StableDiffusionInpaintPipeline",
        strengths=Strengths({"low": 0.75, "high": 0.55}, masked=0.95),
        whole_takes_size=False,
    ),
)
