"""Tiny pipelines around a UNet: Stable Diffusion 1.5 and XL."""

from typing import Any

import diffusers

from pipelines.parity import autoencoders, text
from pipelines.parity.case import Case
from pipelines.parity.tiny import tiny

_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def build_sdxl() -> Any:
    unet = tiny(
        lambda: diffusers.UNet2DConditionModel(
            sample_size=32,
            block_out_channels=(32, 64),
            layers_per_block=2,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 2),
            projection_class_embeddings_input_dim=80,
            cross_attention_dim=64,
        )
    )
    return diffusers.StableDiffusionXLPipeline(
        vae=autoencoders.kl(),
        text_encoder=text.clip(),
        text_encoder_2=text.clip(projected=True, seed=1),
        tokenizer=text.tokenizer(bos=True),
        tokenizer_2=text.tokenizer(bos=True),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(
            steps_offset=1, timestep_spacing="leading", **_BETAS
        ),
        add_watermarker=False,
    )


def build_sd15() -> Any:
    unet = tiny(
        lambda: diffusers.UNet2DConditionModel(
            sample_size=32,
            block_out_channels=(32, 64),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=32,
            attention_head_dim=8,
        )
    )
    return diffusers.StableDiffusionPipeline(
        vae=autoencoders.kl(),
        text_encoder=text.clip(),
        tokenizer=text.tokenizer(bos=True),
        unet=unet,
        scheduler=diffusers.PNDMScheduler(skip_prk_steps=True, steps_offset=1, **_BETAS),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


CASES = (
    Case("sdxl", build_sdxl, {"height": 32, "width": 32}),
    Case("sd15", build_sd15, {"height": 32, "width": 32}),
)
