"""LongCat-Image, a model of about one megapixel that writes Chinese and English.

Its pipeline rewrites the prompt with a language model unless told not to: a picture must be of the
words that were sent, so it is told.

Source: meituan-longcat/LongCat-Image@af39f67e README (768 x 1344, 50 steps, guidance 4 to 4.5);
`LongCatImagePipeline` floors sizes to 16. Guidance 8 as the most and 30 steps as the least are
estimates.
"""

from pipelines.families.recipe import Anchors, Recipe
from pipelines.types import ImageRequest, Limits


class LongCat(Recipe):
    """A negative prompt, and guidance in two calls a step, which 1 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance,
            "enable_prompt_rewrite": False,
        }


FAMILY = LongCat(
    "longcat",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=1024 * 1024,
    max_pixels=1024 * 1024,
    ladder={"low": 30, "standard": 50, "high": 50},
    anchors=Anchors(off=1.0, best=4.5, most=8.0),
)
