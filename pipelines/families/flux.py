"""FLUX.1: dev, which takes its guidance as an input, schnell, which has none, and Kontext.

Kontext edits the picture it is shown, which makes tokens of its own in every step. What a mask
protects is put back afterwards.

Neither takes a negative prompt: the pipeline would need true guidance for it, at twice the cost and
against what the weights were distilled for.

Source: the model cards (0.1 to 2 megapixels, 28 to 50 steps, guidance 3.5; schnell 1 to 4 steps);
`FluxPipeline` floors sizes to 16 and gives the scale to the transformer only if it has
`guidance_embeds`. Guidance 8 as the most and 20 steps as the least are estimates, and so is how far
a picture goes back to noise. `FluxKontextPipeline` scales every size to `max_area`.
"""

from dataclasses import replace

from pipelines.families.base import MEGAPIXEL_TOKENS, Abilities
from pipelines.families.pictures import Strengths, first_image
from pipelines.families.recipe import Anchors, Recipe, Redrawing, always, unguided
from pipelines.types import ImageRequest, Limits


class Flux(Recipe):
    """Guidance is an input of the transformer: it costs nothing and is never off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return self.common(request) | {"guidance_scale": request.guidance}


class Kontext(Flux):
    """The picture is shown to the transformer, not drawn over."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        return super().arguments(request) | {
            "image": first_image(request) if request.references else None,
            "max_area": request.size.pixels,
            "_auto_resize": False,
        }


DEV = Flux(
    "flux",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=512 * 512,
    max_pixels=2 * 1024 * 1024,
    ladder={"low": 20, "standard": 28, "high": 50},
    anchors=Anchors(off=1.0, best=3.5, most=8.0),
    abilities=Abilities(references=1, mask=True, negative_prompt=False),
    redrawing=Redrawing(
        whole="FluxImg2ImgPipeline",
        masked="FluxInpaintPipeline",
        strengths=Strengths({"low": 0.85, "high": 0.65}, masked=0.95, rounds_up=True),
    ),
)
SCHNELL = replace(
    DEV,
    name="flux_schnell",
    limits=replace(DEV.limits, max_steps=4),
    ladder=always(4),
    anchors=unguided(0.0),
    abilities=replace(DEV.abilities, guidance=False),
)
KONTEXT = Kontext(
    "flux_kontext",
    DEV.limits,
    min_pixels=1024 * 1024,
    max_pixels=1024 * 1024,
    ladder=DEV.ladder,
    anchors=Anchors(off=1.0, best=2.5, most=8.0),
    abilities=replace(DEV.abilities, tokens_per_reference=MEGAPIXEL_TOKENS),
)
