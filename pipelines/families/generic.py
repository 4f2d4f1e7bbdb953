"""Any other pipeline that draws from words: arguments that most of them call the same.

What a pipeline's call does not take is left out where that can be seen, in the worker. Nothing else
is known of it, so its numbers are those that most diffusion models of about a megapixel bear.
"""

from pipelines.families.base import Abilities
from pipelines.families.recipe import Anchors, Recipe
from pipelines.types import ImageRequest, Limits


class Generic(Recipe):
    """A negative prompt and guidance, if the pipeline has words for them."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`, as far as it takes them."""
        return self.common(request) | {
            "negative_prompt": request.negative_prompt or None,
            "guidance_scale": request.guidance,
        }


FAMILY = Generic(
    "generic",
    Limits(min_side=256, max_side=2048, grid=32, max_steps=150),
    min_pixels=512 * 512,
    max_pixels=1024 * 1024,
    ladder={"low": 20, "standard": 30, "high": 50},
    anchors=Anchors(off=1.0, best=4.5, most=9.0),
    abilities=Abilities(guessed=True),
)
