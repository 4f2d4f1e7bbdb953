"""FLUX.2 Klein: the one distilled to four steps, and the base it was distilled from.

The distilled one ignores guidance and warns at more than 1, while its pipeline's default is 4: a
value of 1 is always passed. The pipeline takes no negative prompt as text.

Source: the model cards (4 steps; base 50 steps and guidance 4) and `Flux2KleinPipeline`, which
floors sizes to 16. The areas are an estimate: the makers publish only "up to 4 megapixels". So are
guidance 8 as the most and 28 steps as the least.
"""

from dataclasses import replace

from pipelines.families.recipe import Anchors, Recipe, always, unguided
from pipelines.types import ImageRequest, Limits


class Flux2Klein(Recipe):
    """Guidance in two calls a step, which 1 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {"guidance_scale": request.guidance}


BASE = Flux2Klein(
    "flux2_klein_base",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=512 * 512,
    max_pixels=2 * 1024 * 1024,
    ladder={"low": 28, "standard": 50, "high": 50},
    anchors=Anchors(off=1.0, best=4.0, most=8.0),
)
DISTILLED = replace(
    BASE,
    name="flux2_klein",
    limits=replace(BASE.limits, max_steps=8),
    ladder=always(4),
    anchors=unguided(1.0),
)
