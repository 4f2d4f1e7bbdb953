"""Tiny pipelines whose requests meet only at equal text length: fixed, bucketed or unmasked."""

from typing import Any

import diffusers
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.ideogram4.pipeline_ideogram4 import QWEN3_VL_ACTIVATION_LAYERS

from pipelines.parity import autoencoders, text
from pipelines.parity.case import Arguments, Case
from pipelines.parity.tiny import give_noise, tiny

_CODEBOOK_SIZE = 32


def build_sd3() -> Any:
    transformer = tiny(
        lambda: diffusers.SD3Transformer2DModel(
            sample_size=32,
            patch_size=1,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=32,
            joint_attention_dim=32,
            pooled_projection_dim=64,
            dual_attention_layers=(0,),
            qk_norm="rms_norm",
        )
    )
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoders.kl_without_quant(shift_factor=0.06),
        text_encoder=text.clip(projected=True),
        tokenizer=text.tokenizer(bos=True),
        text_encoder_2=text.clip(projected=True, seed=1),
        tokenizer_2=text.tokenizer(bos=True),
        text_encoder_3=text.t5(),
        tokenizer_3=text.tokenizer(256),
    )


def build_kandinsky5() -> Any:
    transformer = tiny(
        lambda: diffusers.Kandinsky5Transformer3DModel(
            in_visual_dim=4,
            in_text_dim=32,
            in_text_dim2=32,
            time_dim=16,
            out_visual_dim=4,
            patch_size=(1, 2, 2),
            model_dim=32,
            ff_dim=64,
            num_text_blocks=1,
            num_visual_blocks=2,
            axes_dims=(4, 6, 6),
        ),
        seed=4,  # some seeds have vectors near zero, whose norm makes much of rounding
    )
    pipe = diffusers.Kandinsky5T2IPipeline(
        transformer=transformer,
        vae=autoencoders.kl_without_quant(blocks=(32, 32, 32, 32)),
        text_encoder=text.qwen25_vl(),
        tokenizer=text.TextProcessor(),
        text_encoder_2=text.clip(),
        tokenizer_2=text.tokenizer(bos=True),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )
    pipe.resolutions = [(64, 64), (64, 96)]  # it snaps to these; the real ones are a megapixel
    return pipe


def build_cogview4() -> Any:
    transformer = tiny(
        lambda: diffusers.CogView4Transformer2DModel(
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=4,
            num_attention_heads=4,
            text_embed_dim=32,
            time_embed_dim=8,
            condition_dim=4,
            sample_size=16,
            rope_axes_dim=(16, 16),
        )
    )
    return diffusers.CogView4Pipeline(
        tokenizer=text.tokenizer(2048, bos=True),
        text_encoder=text.qwen3(),
        vae=autoencoders.kl_without_quant(),
        transformer=transformer,
        scheduler=_linear_shift(),
    )


def build_glm_image() -> Any:
    transformer = tiny(
        lambda: diffusers.GlmImageTransformer2DModel(
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=2,
            text_embed_dim=32,
            time_embed_dim=16,
            condition_dim=8,
            prior_vq_quantizer_codebook_size=_CODEBOOK_SIZE,
        )
    )
    return diffusers.GlmImagePipeline(
        tokenizer=text.tokenizer(2048),
        processor=None,
        text_encoder=text.t5(),
        vision_language_encoder=None,
        vae=autoencoders.kl_without_quant(latents_mean=[0.0] * 4, latents_std=[1.0] * 4),
        transformer=transformer,
        scheduler=_linear_shift(),
    )


def _prior_tokens(number: int) -> Arguments:
    """What GLM's language model would write first, for each request its own."""
    return {"prior_token_ids": (torch.arange(64)[None] * (number + 3) + number) % _CODEBOOK_SIZE}


def _linear_shift() -> Any:
    return FlowMatchEulerDiscreteScheduler(
        base_shift=0.25, max_shift=0.75, use_dynamic_shifting=True, time_shift_type="linear"
    )


def build_hidream() -> Any:
    transformer = tiny(
        lambda: diffusers.HiDreamImageTransformer2DModel(
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_channels=[32, 16],
            text_emb_dim=64,
            num_routed_experts=4,
            num_activated_experts=2,
            axes_dims_rope=(4, 2, 2),
            max_resolution=(32, 32),
            llama_layers=(0, 1),
        )
    )
    pipe = diffusers.HiDreamImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoders.kl_without_quant(shift_factor=0.1159),
        text_encoder=text.clip(projected=True, max_tokens=248),
        tokenizer=text.tokenizer(248, bos=True),
        text_encoder_2=text.clip(projected=True, seed=1, max_tokens=248),
        tokenizer_2=text.tokenizer(248, bos=True),
        text_encoder_3=text.t5(),
        tokenizer_3=text.tokenizer(128),
        text_encoder_4=text.llama(),
        tokenizer_4=text.tokenizer(128),
        transformer=transformer,
    )
    pipe.default_sample_size = 16  # it scales every size to this area; the real one is a megapixel
    return pipe


def build_ideogram4() -> Any:
    def transformer(seed: int) -> Any:
        return tiny(
            lambda: diffusers.Ideogram4Transformer2DModel(
                in_channels=4,
                num_layers=2,
                attention_head_dim=16,
                num_attention_heads=2,
                intermediate_size=32,
                adaln_dim=16,
                llm_features_dim=8 * len(QWEN3_VL_ACTIVATION_LAYERS),
                mrope_section=(4, 2, 2),
            ),
            seed,
        )

    return diffusers.Ideogram4Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=autoencoders.flux2(),
        text_encoder=text.qwen3_vl(width=8, layers=max(QWEN3_VL_ACTIVATION_LAYERS) + 1),
        tokenizer=text.chat_tokenizer(),
        transformer=transformer(0),
        unconditional_transformer=transformer(1),
    )


def build_auraflow() -> Any:
    transformer = tiny(
        lambda: diffusers.AuraFlowTransformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=4,
            out_channels=4,
            num_mmdit_layers=1,
            num_single_dit_layers=1,
            attention_head_dim=8,
            num_attention_heads=4,
            caption_projection_dim=32,
            joint_attention_dim=32,
            pos_embed_max_size=256,
        )
    )
    # Its modulation has no bias, so that a small random time embedding all but closes its gates.
    give_noise(transformer, lambda name, _: "norm1" in name and name.endswith("weight"), 1.0)
    return diffusers.AuraFlowPipeline(
        tokenizer=text.tokenizer(256),
        text_encoder=text.t5(),
        vae=autoencoders.kl(),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=1.73),
    )


_SMALL = {"height": 32, "width": 32}

CASES = (
    Case("sd3", build_sd3, _SMALL),
    # No text mask at all: only prompts of one length can meet.
    Case(
        "kandinsky5",
        build_kandinsky5,
        {"height": 64, "width": 64},
        prompts=("aaaa", "bbbb", "cccc", "dddd"),
    ),
    Case("cogview4", build_cogview4, _SMALL),
    # Only quoted words reach its text encoder, in unlike lengths that do not meet.
    Case(
        "glm_image",
        build_glm_image,
        _SMALL,
        prompts=('"cat"', 'a sign that says "red fox"', 'a "dog" runs', '"a red" hat'),
        vary=_prior_tokens,
    ),
    Case("hidream", build_hidream, _SMALL),
    Case(
        "ideogram4",
        build_ideogram4,
        {"height": 16, "width": 16, "max_sequence_length": 128, "guidance_schedule": None},
    ),
    Case("auraflow", build_auraflow, _SMALL),
)
