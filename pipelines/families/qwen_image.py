"""Qwen-Image, and the one that edits; with true guidance, or four steps with Lightning weights.

Its pipeline ignores `guidance_scale`. `true_cfg_scale` counts beyond 1, and only together with a
negative prompt: without the caller's own, a blank one turns guidance on. At 1 a negative prompt
would only cause a warning, so none is passed.

The one that edits is shown its references, at the cost of their tokens in every step. Without any
it draws with the pipeline for words; what a mask protects is put back afterwards.

Source: QwenLM/Qwen-Image@6b5e1f5c README (buckets of 1.5 to 1.77 megapixels, 50 steps, scale 4,
negative prompt " "); `QwenImagePipeline` floors sizes to 16. A megapixel as the least area, scale 7
as the most and the steps below 50 are estimates, and so is how far a picture goes back to noise.
Qwen-Image-Edit-2511's card: one to three references, 40 steps.
"""

from dataclasses import replace

from pipelines.families.base import MEGAPIXEL_TOKENS, Abilities
from pipelines.families.pictures import Strengths, images
from pipelines.families.recipe import Anchors, Recipe, Redrawing, always, unguided
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


class QwenImageEdit(QwenImage):
    """References are shown to the text encoder and to the transformer, not drawn over."""

    def pipeline(self, request: ImageRequest) -> str | None:
        """Its own pipeline refuses to draw without a reference."""
        return None if request.references else "QwenImagePipeline"

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`."""
        arguments = super().arguments(request)
        return arguments | {"image": images(request)} if request.references else arguments


FULL = QwenImage(
    "qwen_image",
    Limits(min_side=512, max_side=2048, grid=16, max_steps=100),
    min_pixels=1024 * 1024,
    max_pixels=1328 * 1328,
    ladder={"low": 30, "standard": 40, "high": 50},
    anchors=Anchors(off=1.0, best=4.0, most=7.0),
    abilities=Abilities(references=1, mask=True),
    redrawing=Redrawing(
        whole="QwenImageImg2ImgPipeline",
        masked="QwenImageInpaintPipeline",
        strengths=Strengths({"low": 0.85, "high": 0.65}, masked=0.95, rounds_up=True),
    ),
)
LIGHTNING = replace(
    FULL,
    name="qwen_image_lightning",
    limits=replace(FULL.limits, max_steps=8),
    ladder=always(4),
    anchors=unguided(1.0),
    abilities=replace(FULL.abilities, negative_prompt=False, guidance=False),
)
EDIT = QwenImageEdit(
    "qwen_image_edit",
    FULL.limits,
    min_pixels=FULL.min_pixels,
    max_pixels=FULL.max_pixels,
    ladder={"low": 30, "standard": 40, "high": 50},
    anchors=FULL.anchors,
    abilities=Abilities(
        references=3,
        mask=True,
        tokens_per_reference=MEGAPIXEL_TOKENS,
        enlarges_references=True,
    ),
)
EDIT_LIGHTNING = replace(
    EDIT,
    name="qwen_image_edit_lightning",
    limits=LIGHTNING.limits,
    ladder=LIGHTNING.ladder,
    anchors=LIGHTNING.anchors,
    abilities=replace(EDIT.abilities, negative_prompt=False, guidance=False),
)
