"""FLUX.1: dev, which takes its guidance as an input, and schnell, which has none.

Neither takes a negative prompt: the pipeline would need true guidance for it, at twice the cost and
against what the weights were distilled for.

Source: the model cards (0.1 to 2 megapixels, 28 to 50 steps, guidance 3.5; schnell 1 to 4 steps);
`FluxPipeline` floors sizes to 16 and gives the scale to the transformer only if it has
`guidance_embeds`. Guidance 8 as the most and 20 steps as the least are estimates.
"""

from dataclasses import replace

from pipelines.families.recipe import Anchors, Recipe, always, unguided
from pipelines.types import ImageRequest, Limits


class Flux(Recipe):
    """Guidance is an input of the transformer: it costs nothing and is never off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {"guidance_scale": request.guidance}


DEV = Flux(
    "flux",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=512 * 512,
    max_pixels=2 * 1024 * 1024,
    ladder={"low": 20, "standard": 28, "high": 50},
    anchors=Anchors(off=1.0, best=3.5, most=8.0),
)
SCHNELL = replace(
    DEV,
    name="flux_schnell",
    limits=replace(DEV.limits, max_steps=4),
    ladder=always(4),
    anchors=unguided(0.0),
)
