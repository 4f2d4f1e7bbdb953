"""The denoiser, a small stock UNet, and the noise schedule it is trained and drawn with.

The schedule ends in pure noise: else a picture's overall colour leaks into training and is never
learned from the prompt.
"""

from typing import Any

from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor

from pipelines.embedded.pca import LATENT_CHANNELS
from pipelines.embedded.text_encoder import WIDTH

NOISE_STEPS = 1000
_NOISE: dict[str, Any] = {
    "num_train_timesteps": NOISE_STEPS,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}


def signal_shares() -> Tensor:
    """The share of signal, in power, at each of the NOISE_STEPS timesteps."""
    shares: Tensor = DDIMScheduler(**_NOISE).alphas_cumprod
    return shares


def sampler() -> DPMSolverMultistepScheduler:
    """The noise scheduler the shipped pipeline draws with."""
    return DPMSolverMultistepScheduler(**_NOISE)


def build_unet(
    channels: tuple[int, ...] = (80, 144, 224), latent_side: int = 16
) -> UNet2DConditionModel:
    """A small stock UNet that attends to the text at all levels but the finest.

    `attention_head_dim` is, for this class, the number of heads.
    """
    below = len(channels) - 1
    return UNet2DConditionModel(
        sample_size=latent_side,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        layers_per_block=1,
        block_out_channels=channels,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * below,
        up_block_types=("CrossAttnUpBlock2D",) * below + ("UpBlock2D",),
        cross_attention_dim=WIDTH,
        attention_head_dim=tuple(max(1, c // 32) for c in channels),
        norm_num_groups=16,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=6,
    )
