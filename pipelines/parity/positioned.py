"""Tiny pipelines whose transformer is told where its tokens are: the Flux line and its kin."""

from typing import Any

import diffusers
from diffusers import FlowMatchEulerDiscreteScheduler

from pipelines.parity import autoencoders, text
from pipelines.parity.case import Case
from pipelines.parity.tiny import tiny


def _scheduler() -> Any:
    return FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)


def build_flux() -> Any:
    transformer = tiny(
        lambda: diffusers.FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=2,
            num_single_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        )
    )
    return diffusers.FluxPipeline(
        transformer=transformer,
        scheduler=_scheduler(),
        vae=autoencoders.flux(),
        text_encoder=text.clip(),
        tokenizer=text.tokenizer(bos=True),
        text_encoder_2=text.t5(),
        tokenizer_2=text.tokenizer(512),
    )


def _flux2_transformer(text_width: int, *, guidance: bool) -> Any:
    return tiny(
        lambda: diffusers.Flux2Transformer2DModel(
            patch_size=1,
            in_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=text_width,
            timestep_guidance_channels=256,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=guidance,
        )
    )


def build_flux2() -> Any:
    pipe = diffusers.Flux2Pipeline(
        transformer=_flux2_transformer(3 * 16, guidance=True),
        scheduler=_scheduler(),
        vae=autoencoders.flux2(),
        text_encoder=text.mistral3(),
        tokenizer=text.chat_tokenizer(),
    )
    pipe.system_message = "short"  # one token per byte: the real one would fill the whole length
    return pipe


def build_flux2_klein() -> Any:
    return diffusers.Flux2KleinPipeline(
        transformer=_flux2_transformer(3 * 32, guidance=False),
        scheduler=_scheduler(),
        vae=autoencoders.flux2(),
        text_encoder=text.qwen3(causal=True, layers=4),
        tokenizer=text.chat_tokenizer(),
        is_distilled=False,
    )


def build_chroma() -> Any:
    transformer = tiny(
        lambda: diffusers.ChromaTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            axes_dims_rope=(4, 4, 8),
            approximator_num_channels=64,
            approximator_hidden_dim=16,
            approximator_layers=1,
        )
    )
    return diffusers.ChromaPipeline(
        transformer=transformer,
        scheduler=_scheduler(),
        vae=autoencoders.flux(),
        text_encoder=text.t5(),
        tokenizer=text.tokenizer(512),
    )


def build_ovis() -> Any:
    transformer = tiny(
        lambda: diffusers.OvisImageTransformer2DModel(
            patch_size=1,
            in_channels=16,
            out_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            axes_dims_rope=(4, 4, 8),
        )
    )
    return diffusers.OvisImagePipeline(
        transformer=transformer,
        scheduler=_scheduler(),
        vae=autoencoders.flux(),
        text_encoder=text.qwen3(),
        tokenizer=text.chat_tokenizer(),
    )


def build_longcat() -> Any:
    transformer = tiny(
        lambda: diffusers.LongCatImageTransformer2DModel(
            patch_size=1,
            in_channels=64,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=[4, 4, 8],
        )
    )
    return diffusers.LongCatImagePipeline(
        transformer=transformer,
        scheduler=_scheduler(),
        vae=autoencoders.flux(channels=16),
        text_encoder=text.qwen25_vl(),
        tokenizer=text.chat_tokenizer(),
        text_processor=None,
    )


def build_krea2() -> Any:
    transformer = tiny(
        lambda: diffusers.Krea2Transformer2DModel(
            in_channels=16,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=32,
            timestep_embed_dim=16,
            text_hidden_dim=16,
            num_text_layers=3,
            text_num_attention_heads=2,
            text_num_key_value_heads=2,
            text_intermediate_size=16,
            num_layerwise_text_blocks=1,
            num_refiner_text_blocks=1,
            axes_dims_rope=(4, 6, 6),
        )
    )
    return diffusers.Krea2Pipeline(
        scheduler=_scheduler(),
        vae=autoencoders.qwen_image(),
        text_encoder=text.qwen3_vl(),
        tokenizer=text.chat_tokenizer(),
        transformer=transformer,
        text_encoder_select_layers=(1, 2, 3),
    )


_SMALL = {"height": 16, "width": 16}

CASES = (
    Case("flux", build_flux, _SMALL | {"max_sequence_length": 48}),
    Case(
        "flux2",
        build_flux2,
        _SMALL | {"max_sequence_length": 128, "text_encoder_out_layers": (1, 2, 3)},
    ),
    Case(
        "flux2_klein",
        build_flux2_klein,
        _SMALL | {"max_sequence_length": 64, "text_encoder_out_layers": (1, 2, 3)},
    ),
    Case("chroma", build_chroma, _SMALL | {"max_sequence_length": 64}),
    Case("ovis", build_ovis, _SMALL | {"max_sequence_length": 256}),
    # The rewrite is a hidden language model stage, which the tiny parts cannot run.
    Case("longcat", build_longcat, _SMALL | {"enable_prompt_rewrite": False}),
    Case("krea2", build_krea2, {"height": 32, "width": 32, "max_sequence_length": 128}),
)
