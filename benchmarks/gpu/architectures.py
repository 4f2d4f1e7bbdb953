"""The architectures that are measured: published configurations of six families, no weights.

Each stands here three times: as published; `shallow`, with the published widths but few layers,
small enough for float32; and `tiny`, for the smoke run. What is not named is the class's default,
which is the published value. Knows no device and builds nothing.

Source: the `config.json` files of the named repositories, as their diffusers folders publish them;
`parameters` are the denoisers' published counts, which a test compares with what is built. The
text lengths of Z-Image and Qwen-Image depend on the prompt: those here are ordinary, not published.
"""

from collections.abc import Callable
from typing import Any

import diffusers

from benchmarks.gpu.models import Config, Encoder, Model, Network, Text


def _flow(**config: Any) -> Callable[[], Any]:
    return lambda: diffusers.FlowMatchEulerDiscreteScheduler(**config)


def _kl(full: Config, tiny_channels: int) -> Network:
    def config(sides: tuple[int, ...], **more: Any) -> Config:
        blocks: Config = {
            "block_out_channels": sides,
            "down_block_types": ("DownEncoderBlock2D",) * len(sides),
            "up_block_types": ("UpDecoderBlock2D",) * len(sides),
        }
        return {**full, **blocks, **more}

    published = config((128, 256, 512, 512), layers_per_block=2)
    tiny = config((16, 16, 16), latent_channels=tiny_channels, norm_num_groups=8)
    return Network(diffusers.AutoencoderKL, published, {}, tiny)


_FLUX_VAE = {
    "latent_channels": 16,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
_DYNAMIC = {"use_dynamic_shifting": True, "shift": 3.0, "base_shift": 0.5, "max_shift": 1.15}
_CLIP_L = Encoder(layers=12, width=768, inner=3072, tokens=77)
_QWEN3_4B = Encoder(layers=36, width=2560, inner=9728, tokens=512)
_LENGTHS = (128, 40, 77, 200)


def _joint(config: Config) -> int:
    return int(config["joint_attention_dim"])


def _cross(config: Config) -> int:
    return int(config["cross_attention_dim"])


def _pooled_xl(config: Config) -> int:
    """What the time ids leave of the added embedding."""
    times = 6 * int(config["addition_time_embed_dim"])
    return int(config["projection_class_embeddings_input_dim"]) - times


SD15 = Model(
    name="sd15",
    repository="stable-diffusion-v1-5/stable-diffusion-v1-5",
    pipeline=diffusers.StableDiffusionPipeline,
    component="unet",
    denoiser=Network(
        diffusers.UNet2DConditionModel,
        {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8},
        {
            "block_out_channels": (320, 640),
            "layers_per_block": 1,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        },
        {
            "sample_size": 32,
            "block_out_channels": (16, 32),
            "norm_num_groups": 8,
            "layers_per_block": 1,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
            "cross_attention_dim": 32,
            "attention_head_dim": 8,
        },
    ),
    parameters=0.860e9,
    vae=_kl({"latent_channels": 4, "scaling_factor": 0.18215}, 4),
    noise_scheduler=lambda: diffusers.PNDMScheduler(skip_prk_steps=True, steps_offset=1, **_BETAS),
    absent=("text_encoder", "tokenizer", "safety_checker", "feature_extractor"),
    texts=(
        Text("prompt_embeds", _cross, (77,)),
        Text("negative_prompt_embeds", _cross, (77,)),
    ),
    encoders=(_CLIP_L,),
    steps=30,
    guidance=7.5,
    built_with={"requires_safety_checker": False},
)

SDXL = Model(
    name="sdxl",
    repository="stabilityai/stable-diffusion-xl-base-1.0",
    pipeline=diffusers.StableDiffusionXLPipeline,
    component="unet",
    denoiser=Network(
        diffusers.UNet2DConditionModel,
        {
            "sample_size": 128,
            "block_out_channels": (320, 640, 1280),
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            "layers_per_block": 2,
            "transformer_layers_per_block": (1, 2, 10),
            "attention_head_dim": (5, 10, 20),
            "cross_attention_dim": 2048,
            "use_linear_projection": True,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816,
        },
        {"layers_per_block": 1, "transformer_layers_per_block": (1, 1, 1)},
        {
            "sample_size": 32,
            "block_out_channels": (16, 32),
            "norm_num_groups": 8,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "layers_per_block": 1,
            "transformer_layers_per_block": (1, 1),
            "attention_head_dim": (2, 4),
            "cross_attention_dim": 32,
            "use_linear_projection": True,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 80,
        },
    ),
    parameters=2.567e9,
    vae=_kl({"latent_channels": 4, "scaling_factor": 0.13025}, 4),
    noise_scheduler=lambda: diffusers.EulerDiscreteScheduler(
        steps_offset=1, timestep_spacing="leading", **_BETAS
    ),
    absent=("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    texts=(
        Text("prompt_embeds", _cross, (77,)),
        Text("negative_prompt_embeds", _cross, (77,)),
        Text("pooled_prompt_embeds", _pooled_xl),
        Text("negative_pooled_prompt_embeds", _pooled_xl),
    ),
    encoders=(_CLIP_L, Encoder(layers=32, width=1280, inner=5120, tokens=77)),
    steps=30,
    guidance=5.0,
    built_with={"add_watermarker": False},
)

KLEIN = Model(
    name="flux2_klein",
    repository="black-forest-labs/FLUX.2-klein-4B",
    pipeline=diffusers.Flux2KleinPipeline,
    component="transformer",
    denoiser=Network(
        diffusers.Flux2Transformer2DModel,
        {
            "in_channels": 128,
            "num_layers": 5,
            "num_single_layers": 20,
            "num_attention_heads": 24,
            "attention_head_dim": 128,
            "joint_attention_dim": 7680,
            "guidance_embeds": False,
        },
        {"num_layers": 1, "num_single_layers": 1},
        {
            "in_channels": 16,
            "num_layers": 1,
            "num_single_layers": 1,
            "num_attention_heads": 2,
            "attention_head_dim": 16,
            "joint_attention_dim": 32,
            "axes_dims_rope": (4, 4, 4, 4),
            "guidance_embeds": False,
        },
    ),
    parameters=3.88e9,
    vae=Network(
        diffusers.AutoencoderKLFlux2,
        {},
        {},
        {
            "latent_channels": 4,
            "block_out_channels": (8, 8),
            "down_block_types": ("DownEncoderBlock2D",) * 2,
            "up_block_types": ("UpDecoderBlock2D",) * 2,
            "layers_per_block": 1,
            "norm_num_groups": 1,
        },
    ),
    noise_scheduler=_flow(**_DYNAMIC),
    absent=("text_encoder", "tokenizer"),
    texts=(Text("prompt_embeds", _joint, (512,)),),
    encoders=(_QWEN3_4B,),
    steps=4,
    guidance=1.0,
    built_with={"is_distilled": True},
)

Z_IMAGE = Model(
    name="z_image",
    repository="Tongyi-MAI/Z-Image-Turbo",
    pipeline=diffusers.ZImagePipeline,
    component="transformer",
    denoiser=Network(
        diffusers.ZImageTransformer2DModel,
        {"axes_lens": [1536, 512, 512]},
        {"n_layers": 2, "n_refiner_layers": 1},
        {
            "dim": 32,
            "n_layers": 1,
            "n_refiner_layers": 1,
            "n_heads": 2,
            "n_kv_heads": 2,
            "cap_feat_dim": 16,
            "axes_dims": [8, 4, 4],
            "axes_lens": [1024, 512, 512],
        },
    ),
    parameters=6.155e9,
    vae=_kl(_FLUX_VAE, 16),
    noise_scheduler=_flow(shift=3.0),
    absent=("text_encoder", "tokenizer"),
    texts=(
        Text("prompt_embeds", lambda c: int(c.get("cap_feat_dim", 2560)), _LENGTHS, row_list=True),
    ),
    encoders=(_QWEN3_4B,),
    steps=8,
    guidance=0.0,
)

FLUX = Model(
    name="flux",
    repository="black-forest-labs/FLUX.1-dev",
    pipeline=diffusers.FluxPipeline,
    component="transformer",
    denoiser=Network(
        diffusers.FluxTransformer2DModel,
        {"guidance_embeds": True},
        {"num_layers": 1, "num_single_layers": 1},
        {
            "in_channels": 16,
            "num_layers": 1,
            "num_single_layers": 1,
            "num_attention_heads": 2,
            "attention_head_dim": 16,
            "joint_attention_dim": 32,
            "pooled_projection_dim": 32,
            "axes_dims_rope": (4, 4, 8),
            "guidance_embeds": True,
        },
    ),
    parameters=11.90e9,
    vae=_kl(_FLUX_VAE, 4),
    noise_scheduler=_flow(**_DYNAMIC),
    absent=("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    texts=(
        Text("prompt_embeds", lambda c: int(c.get("joint_attention_dim", 4096)), (512,)),
        Text("pooled_prompt_embeds", lambda c: int(c.get("pooled_projection_dim", 768))),
    ),
    encoders=(_CLIP_L, Encoder(layers=24, width=4096, inner=10240, tokens=512)),
    steps=28,
    guidance=3.5,
)

QWEN_IMAGE = Model(
    name="qwen_image",
    repository="Qwen/Qwen-Image",
    pipeline=diffusers.QwenImagePipeline,
    component="transformer",
    denoiser=Network(
        diffusers.QwenImageTransformer2DModel,
        {"joint_attention_dim": 3584},
        {"num_layers": 2},
        {
            "in_channels": 16,
            "out_channels": 4,
            "num_layers": 1,
            "attention_head_dim": 16,
            "num_attention_heads": 2,
            "joint_attention_dim": 32,
            "axes_dims_rope": (8, 4, 4),
        },
    ),
    parameters=20.43e9,
    vae=Network(
        diffusers.AutoencoderKLQwenImage,
        {},
        {},
        {
            "base_dim": 24,
            "z_dim": 4,
            "dim_mult": [1, 2, 4],
            "num_res_blocks": 1,
            "temperal_downsample": [False, True],
            "latents_mean": [0.0] * 4,
            "latents_std": [1.0] * 4,
        },
    ),
    noise_scheduler=_flow(
        use_dynamic_shifting=True,
        shift=1.0,
        base_shift=0.5,
        max_shift=0.9,
        max_image_seq_len=8192,
        shift_terminal=0.02,
        time_shift_type="exponential",
    ),
    absent=("text_encoder", "tokenizer"),
    texts=(
        Text("prompt_embeds", _joint, _LENGTHS, mask="prompt_embeds_mask"),
        Text("negative_prompt_embeds", _joint, (24,), mask="negative_prompt_embeds_mask"),
    ),
    encoders=(Encoder(layers=28, width=3584, inner=18944, tokens=128),),
    steps=20,
    guidance=4.0,
    forwards_per_step=2,
    guidance_argument="true_cfg_scale",
)

MODELS = (SD15, SDXL, KLEIN, Z_IMAGE, FLUX, QWEN_IMAGE)
"""Cheap ones first: time they do not use is left to the dear ones."""
