"""Tiny image autoencoders of the real classes. Knows no pipeline."""

from typing import Any

import diffusers

from pipelines.parity.tiny import give_noise, tiny


def kl(channels: int = 4, blocks: tuple[int, ...] = (32, 64), **config: Any) -> Any:
    """The autoencoder of Stable Diffusion; each block beyond the first halves the side."""
    return tiny(
        lambda: diffusers.AutoencoderKL(
            latent_channels=channels,
            block_out_channels=blocks,
            down_block_types=["DownEncoderBlock2D"] * len(blocks),
            up_block_types=["UpDecoderBlock2D"] * len(blocks),
            sample_size=128,
            **config,
        )
    )


def kl_without_quant(channels: int = 4, blocks: tuple[int, ...] = (32, 64), **config: Any) -> Any:
    """The same without the quantisation layers, as newer families have it."""
    return kl(channels, blocks, use_quant_conv=False, use_post_quant_conv=False, **config)


def flux(channels: int = 4) -> Any:
    return kl_without_quant(channels, (32,), shift_factor=0.06)


def flux2(blocks: tuple[int, ...] = (4,)) -> Any:
    return tiny(
        lambda: diffusers.AutoencoderKLFlux2(
            latent_channels=1,
            block_out_channels=blocks,
            down_block_types=("DownEncoderBlock2D",) * len(blocks),
            up_block_types=("UpDecoderBlock2D",) * len(blocks),
            layers_per_block=1,
            norm_num_groups=1,
            sample_size=32,
            use_quant_conv=False,
            use_post_quant_conv=False,
        )
    )


def qwen_image() -> Any:
    model = tiny(
        lambda: diffusers.AutoencoderKLQwenImage(
            base_dim=24,
            z_dim=4,
            dim_mult=[1, 2, 4],
            num_res_blocks=1,
            temperal_downsample=[False, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        )
    )
    # Its random pictures are all but even grey; contrast makes differences count.
    return give_noise(model, lambda name, _: name == "decoder.conv_out.weight", 1.0)


def qwen_image21() -> Any:
    model = tiny(
        lambda: diffusers.AutoencoderKLQwenImage21(
            base_dim=8,
            decoder_base_dim=8,
            z_dim=4,
            dim_mult=[1, 1, 1, 1, 1],
            num_res_blocks=1,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        )
    )
    return give_noise(model, lambda name, _: name == "decoder.conv_out.weight", 1.0)


def hunyuan_image() -> Any:
    return tiny(
        lambda: diffusers.AutoencoderKLHunyuanImage(
            in_channels=3,
            out_channels=3,
            latent_channels=4,
            block_out_channels=(32, 64, 64, 64),
            layers_per_block=1,
            spatial_compression_ratio=8,
            sample_size=128,
            scaling_factor=0.476986,
        )
    )


def deep_compression() -> Any:
    return tiny(
        lambda: diffusers.AutoencoderDC(
            in_channels=3,
            latent_channels=4,
            attention_head_dim=2,
            encoder_block_types=("ResBlock", "EfficientViTBlock"),
            decoder_block_types=("ResBlock", "EfficientViTBlock"),
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            encoder_qkv_multiscales=((), (5,)),
            decoder_qkv_multiscales=((), (5,)),
            encoder_layers_per_block=(1, 1),
            decoder_layers_per_block=(1, 1),
            downsample_block_type="conv",
            upsample_block_type="interpolate",
            decoder_norm_types="rms_norm",
            decoder_act_fns="silu",
            scaling_factor=0.41407,
        )
    )
