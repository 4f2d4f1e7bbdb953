"""Qwen-Image: with true guidance, or with the Lightning weights that make it four steps without.

Its pipeline ignores `guidance_scale`. `true_cfg_scale` counts beyond 1, and only together with a
negative prompt: without the caller's own, a blank one turns guidance on. At 1 a negative prompt
would only cause a warning, so none is passed.

Source: QwenLM/Qwen-Image@6b5e1f5c README (buckets of 1.5 to 1.77 megapixels, 50 steps, scale 4,
negative prompt " "); `QwenImagePipeline` floors sizes to 16. A megapixel as the least area, scale 7
as the most and the steps below 50 are estimates.
"""

from dataclasses import replace

from pipelines.families.recipe import Anchors, Recipe, always, unguided
from pipelines.types import ImageRequest, Limits

_BLANK = " "


class QwenImage(Recipe):
    """Guidance in two calls a step, which 1 turns off."""

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        guided = request.guidance > 1
        return self.common(request) | {
            "negative_prompt": (request.negative_prompt or _BLANK) if guided else None,
            "true_cfg_scale": request.guidance,
        }


FULL = QwenImage(
    "qwen_image",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=1024 * 1024,
    max_pixels=1328 * 1328,
    ladder={"low": 30, "standard": 40, "high": 50},
    anchors=Anchors(off=1.0, best=4.0, most=7.0),
)
LIGHTNING = replace(
    FULL,
    name="qwen_image_lightning",
    limits=replace(FULL.limits, max_steps=8),
    ladder=always(4),
    anchors=unguided(1.0),
)
