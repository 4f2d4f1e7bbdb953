"""Tiny pipelines that keep keys and values of the text over a picture's steps."""

from typing import Any

import diffusers
from diffusers import FlowMatchEulerDiscreteScheduler

from pipelines.parity import autoencoders, text
from pipelines.parity.case import Case
from pipelines.parity.tiny import tiny


class _Conversations(text.TextProcessor):
    """Answers for a list of conversations, as the processors of vision language models do."""

    def apply_chat_template(self, *args: Any, **kwargs: Any) -> Any:
        return [super().apply_chat_template(*args, **kwargs)]


def build_qwen_image21() -> Any:
    transformer = tiny(
        lambda: diffusers.QwenImage21Transformer2DModel(
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            context_in_dim=16,
            axes_dims_rope=(8, 4, 4),
        )
    )
    return diffusers.QwenImage21Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.02),
        vae=autoencoders.qwen_image21(),
        text_encoder=text.qwen3_vl(causal=True),
        processor=_Conversations(),
        transformer=transformer,
    )


CASES = (
    # Padding would move the picture's positions: only prompts of one length can meet.
    Case(
        "qwen_image21",
        build_qwen_image21,
        {"height": 64, "width": 64, "negative_prompt": "murk"},
        guidance="true_cfg_scale",
        prompts=("aaaa", "bbbb", "cccc", "dddd"),
    ),
)
