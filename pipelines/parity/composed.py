"""Tiny pipelines that exist as blocks only, which diffusers composes."""

from typing import Any

import diffusers
import torch
from diffusers.guiders import ClassifierFreeGuidance

from pipelines.parity import autoencoders, text
from pipelines.parity.case import Arguments, Case
from pipelines.parity.tiny import tiny


def build_flux3() -> Any:
    blocks = diffusers.Flux3AutoBlocks()
    # A hidden language model stage, which the tiny parts cannot run.
    blocks.sub_blocks.pop("prompt_upsampler")
    pipe = blocks.init_pipeline()
    pipe.update_components(
        transformer=tiny(
            lambda: diffusers.Flux3Transformer2DModel(
                in_channels=4,
                cond_in_channels=4,
                num_layers=1,
                num_single_layers=2,
                attention_head_dim=16,
                num_attention_heads=2,
                joint_attention_dim=3 * 16,
                axes_dims_rope=(4, 4, 4, 4),
            )
        ),
        vae=autoencoders.flux2(),
        text_encoder=text.qwen3_vl(causal=True),
        tokenizer=text.TextProcessor(),
    )
    return pipe


def _draw(pipe: Any, generator: torch.Generator, arguments: Arguments) -> Any:
    """As its users draw: the guidance scale is the guider's."""
    given = dict(arguments)
    pipe.update_components(guider=ClassifierFreeGuidance(given.pop("guidance_scale")))
    return pipe(output="images", generator=generator, output_type="np", **given)


CASES = (
    Case(
        "flux3",
        build_flux3,
        {"height": 16, "width": 16, "text_encoder_out_layers": (1, 2, 3)},
        draw=_draw,
    ),
)
