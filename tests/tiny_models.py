"""Small random pipelines of real classes as folders on the disk, as an operator has large ones.

They draw as large as real ones do, 512 x 512, so that nothing has to be pretended about sizes.
"""

from pathlib import Path
from typing import Any

import diffusers
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from pipelines.parity import text
from pipelines.parity.tiny import tiny

_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def _autoencoder(seed: int) -> Any:
    """One latent for 16 x 16 pixels: what is drawn there is quickly drawn."""
    return tiny(
        lambda: diffusers.AutoencoderKL(
            block_out_channels=(4, 4, 4, 8, 8),
            down_block_types=("DownEncoderBlock2D",) * 5,
            up_block_types=("UpDecoderBlock2D",) * 5,
            layers_per_block=1,
            norm_num_groups=4,
            latent_channels=4,
        ),
        seed,
    )


def _unet(seed: int, **more: Any) -> Any:
    return tiny(
        lambda: diffusers.UNet2DConditionModel(
            sample_size=32,
            block_out_channels=(32, 64),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            **more,
        ),
        seed,
    )


def save_sd15(folder: Path, seed: int = 0) -> Path:
    """A StableDiffusionPipeline."""
    pipe = diffusers.StableDiffusionPipeline(
        vae=_autoencoder(seed),
        text_encoder=text.clip(seed=seed),
        tokenizer=text.tokenizer(bos=True),
        unet=_unet(seed, cross_attention_dim=32, attention_head_dim=8),
        scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False, **_BETAS),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return folder


def save_sdxl(folder: Path, seed: int = 0) -> Path:
    """A StableDiffusionXLPipeline."""
    pipe = diffusers.StableDiffusionXLPipeline(
        vae=_autoencoder(seed),
        text_encoder=text.clip(seed=seed),
        text_encoder_2=text.clip(projected=True, seed=seed + 1, width=64),
        tokenizer=text.tokenizer(bos=True),
        tokenizer_2=text.tokenizer(bos=True),
        unet=_unet(
            seed,
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 1),
            projection_class_embeddings_input_dim=112,
            cross_attention_dim=96,
        ),
        scheduler=diffusers.EulerDiscreteScheduler(steps_offset=1, **_BETAS),
        add_watermarker=False,
    )
    pipe.save_pretrained(folder)
    return folder


def save_lora(folder: Path, of: Path, seed: int = 0) -> Path:
    """A LoRA of a saved Stable Diffusion pipeline's UNet; returns its file."""
    unet = diffusers.UNet2DConditionModel.from_pretrained(of / "unet")
    unet.add_adapter(LoraConfig(r=2, lora_alpha=4, target_modules=["to_q", "to_v", "to_k"]))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in unet.named_parameters():
            if "lora" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator))
    diffusers.StableDiffusionPipeline.save_lora_weights(
        folder, unet_lora_layers=get_peft_model_state_dict(unet)
    )
    return folder / "pytorch_lora_weights.safetensors"
