"""The denoiser and its training: a stock UNet that learns to predict v from noisy latents.

Two things are not the textbook's: the noise schedule ends in pure noise (else a picture's overall
colour leaks into training and is never learned from the prompt), and the loss is the plain one
(weighting by signal-to-noise gives that last step no weight). Knows no scenes: latents and token
ids come in.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextModel

from pipelines.embedded.autoencoder import LATENT_CHANNELS
from pipelines.embedded.schedule import averaging, learning_rate
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
_EMPTY_SHARE = 0.1
"""How often the caption is left out, so that guidance has something to steer away from."""
_LONGEST_MEMORY = 0.998


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


@dataclass(frozen=True, slots=True)
class Examples:
    """Pictures of one frame: latents [n, c, h, w] already scaled, captions' token ids
    [n, variants, tokens], and the empty caption's [tokens]."""

    latents: Tensor
    ids: Tensor
    empty: Tensor


@dataclass(slots=True)
class DenoiserTraining:
    """The denoiser on its way. Its weights' running average is what ships."""

    unet: UNet2DConditionModel
    encoder: CLIPTextModel
    device: torch.device
    rate: float = 1e-3
    batch: int = 32
    step: int = 0
    seconds: float = 0.0
    generator: torch.Generator = field(init=False)
    optimizer: torch.optim.AdamW = field(init=False)
    average: list[Tensor] = field(init=False)
    signal: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.unet.to(self.device, memory_format=torch.channels_last).train()
        self.encoder.to(self.device).eval().requires_grad_(False)
        self.generator = torch.Generator(self.device).manual_seed(0)
        self.optimizer = torch.optim.AdamW(
            self.unet.parameters(), lr=self.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self.average = [p.detach().clone() for p in self.unet.parameters()]
        self.signal = DDIMScheduler(**_NOISE).alphas_cumprod.to(self.device)

    @property
    def samples(self) -> int:
        return self.step * self.batch

    def train_step(self, groups: Sequence[Examples], budget_s: float) -> float:
        """One step on a random batch of one frame; the learning rate falls as the budget is used up."""
        began = time.monotonic()
        rate = self.rate * learning_rate(self.seconds / budget_s, self.step, warmup=100)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self._loss(*self._draw(self._group(groups)))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.unet.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        kept = averaging(self.step, _LONGEST_MEMORY)
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(self.unet.parameters()), 1 - kept)
        self.step += 1
        value = loss.item()
        self.seconds += time.monotonic() - began
        return value

    def _group(self, groups: Sequence[Examples]) -> Examples:
        """One of the frames, the more pictures it has the more often."""
        sizes = torch.tensor([float(len(group.latents)) for group in groups], device=self.device)
        return groups[int(torch.multinomial(sizes, 1, generator=self.generator))]

    def _draw(self, examples: Examples) -> tuple[Tensor, Tensor]:
        """A batch of latents and of token ids, some of them the empty caption's."""
        where: dict[str, Any] = {"device": self.device, "generator": self.generator}
        rows = torch.randint(0, len(examples.latents), (self.batch,), **where)
        variants = torch.randint(0, examples.ids.shape[1], (self.batch,), **where)
        silent = torch.rand((self.batch,), **where) < _EMPTY_SHARE
        ids = examples.ids[rows, variants].long()
        ids = torch.where(silent[:, None], examples.empty.long(), ids)
        return examples.latents[rows].float(), ids

    def _loss(self, latents: Tensor, ids: Tensor) -> Tensor:
        where: dict[str, Any] = {"device": self.device, "generator": self.generator}
        timesteps = self._timesteps(len(latents))
        signal = self.signal[timesteps].view(-1, 1, 1, 1)
        noise = torch.randn(latents.shape, **where)
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.no_grad():
                text = self.encoder(ids).last_hidden_state
            noisy = noisy.contiguous(memory_format=torch.channels_last)
            predicted = self.unet(noisy, timesteps, text).sample
        return F.mse_loss(predicted.float(), signal.sqrt() * noise - (1 - signal).sqrt() * latents)

    def _timesteps(self, count: int) -> Tensor:
        """Half uniform, half around the middle of the schedule, where shapes are decided."""
        where: dict[str, Any] = {"device": self.device, "generator": self.generator}
        first, second = torch.rand((2, count), **where)
        central = torch.rand((count,), **where) < 0.5
        share = torch.where(central, (first + second) / 2, first)
        return (share * NOISE_STEPS).long().clamp(max=NOISE_STEPS - 1)

    def averaged(self) -> UNet2DConditionModel:
        """A copy of the denoiser with the averaged weights, on the CPU."""
        copy = UNet2DConditionModel.from_config(self.unet.config)
        for parameter, average in zip(copy.parameters(), self.average, strict=True):
            parameter.data.copy_(average)
        return copy.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint that `load` continues from."""
        unfinished = path.with_suffix(".tmp")
        state = {
            "unet": self.unet.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "generator": self.generator.get_state(),
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, unfinished)
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.unet.load_state_dict(state["unet"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.generator.set_state(state["generator"].cpu())
        self.step, self.seconds = state["step"], state["seconds"]
