"""The small model that ships with the project: a Stable Diffusion shaped pipeline, 256 x 256.

It was trained in frames of that area, the square and about 4:3, 3:2 and 16:9, lying and standing:
what a wanted size of one of those shapes is drawn in (`pipelines.embedded.frames`). Longer ones are
drawn without having been seen.

What guidance and steps do is measured in its model card (`python -m pipelines.embedded.evaluate`).

How far a picture goes back to noise was chosen by looking: at 0.55 a house becomes an oil painting
of itself, at 0.75 a red circle becomes a blue one where it was, and within a mask 0.9 makes a tree
of a house.
"""

from pipelines.families.base import Abilities, Quality
from pipelines.families.pictures import Strengths
from pipelines.families.recipe import Anchors, Recipe, Redrawing
from pipelines.types import ImageRequest, Limits

BEST_GUIDANCE = 2.5
STEPS: dict[Quality, int] = {"low": 8, "standard": 16, "high": 28}


class Embedded(Recipe):
    """Stable Diffusion's pipeline: a negative prompt, and guidance that 1 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance,
        }


FAMILY = Embedded(
    "embedded",
    Limits(min_side=128, max_side=384, grid=16, max_steps=50),
    min_pixels=256 * 256,
    max_pixels=256 * 256,
    ladder=STEPS,
    anchors=Anchors(off=1.0, best=BEST_GUIDANCE, most=5.0),
    # On grey it draws grey subjects, of which nothing is left.
    abilities=Abilities(references=1, mask=True, plain_ground=" on a white background"),
    redrawing=Redrawing(
        whole="StableDiffusionImg2ImgPipeline",
        masked="pipelines.embedded.inpainting:EmbeddedInpaintPipeline",
        strengths=Strengths({"low": 0.75, "high": 0.55}, masked=0.9),
        whole_takes_size=False,
    ),
)
