"""The denoiser's training: it learns to predict v from noisy latents and a caption.

The loss is the plain one: weighting by signal-to-noise gives the last step, where colours are
decided, no weight. On a CPU the batch is dealt out to threads that each have a copy of the
network, of shared weights: two of one thread do 1.9 times the work of one, one of two 1.5 times.
Knows no scenes: latents and token ids come in.
"""

import copy
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import CLIPTextModel

from pipelines.embedded.denoiser import NOISE_STEPS, signal_shares
from pipelines.embedded.optimizer import HiddenAndRest
from pipelines.embedded.schedule import averaging, learning_rate

_EMPTY_SHARE = 0.1
"""How often the caption is left out, so that guidance has something to steer away from."""
_LONGEST_MEMORY = 0.997
_WARMUP = 50
_PAUSE = 16
"""Every so many steps the clock waits for the device, which a GPU else runs behind."""
_ENDS = ("conv_in", "conv_out", "time_", "embedding", "add_embedding")
"""Layers at the ends, and those of the timestep: their weights are no map between features."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Pictures of one frame: latents [n, c, h, w] already scaled, captions' token ids
    [n, variants, tokens], and the empty caption's [tokens]."""

    latents: Tensor
    ids: Tensor
    empty: Tensor


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to train, and for what share of it at the full learning rate."""

    seconds: float
    hold: float = 0.72

    def share_of_rate(self, spent_s: float, step: int) -> float:
        return learning_rate(spent_s / self.seconds, step, warmup=_WARMUP, hold=self.hold)

    @property
    def held_until_s(self) -> float:
        return self.seconds * self.hold


@dataclass(slots=True)
class DenoiserTraining:
    """The denoiser on its way. Its weights' running average is what ships."""

    unet: UNet2DConditionModel
    encoder: CLIPTextModel
    device: torch.device
    rate: float = 2e-3
    batch: int = 128
    threads: int = 1
    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    falling: bool = False
    """Whether the learning rate had begun to fall."""
    generator: torch.Generator = field(init=False)
    optimizer: HiddenAndRest = field(init=False)
    average: list[Tensor] = field(init=False)
    signal: Tensor = field(init=False)
    _dice: torch.Generator = field(init=False)
    """Draws what the host must know at once, on the host: asking a GPU would wait for it."""
    _copies: list[UNet2DConditionModel] = field(init=False)
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.unet.to(self.device, memory_format=torch.channels_last).train()
        self.encoder.to(self.device).eval().requires_grad_(False)
        self.generator = torch.Generator(self.device).manual_seed(0)
        self._dice = self.generator if self.device.type == "cpu" else torch.Generator()
        named = list(self.unet.named_parameters())
        self.optimizer = HiddenAndRest(
            [p for name, p in named if _is_hidden(name, p)],
            [p for name, p in named if not _is_hidden(name, p)],
            hidden_rate=self.rate,
            rest_rate=self.rate / 2,
            shares=self.threads,
        )
        self.average = [p.detach().clone() for p in self.unet.parameters()]
        self.signal = signal_shares().to(self.device)
        self._copies = [self.unet, *(_sharing(self.unet) for _ in range(self.threads - 1))]
        self._pool = ThreadPoolExecutor(self.threads, initializer=_one_thread_each)

    def train_step(self, groups: Sequence[Examples], budget: Budget) -> Tensor:
        """One step on a random batch of one frame, at the learning rate that the budget says."""
        began = time.monotonic()
        self.falling = self.seconds > budget.held_until_s
        loss = self._gradients(*self._draw(self._group(groups)))
        nn.utils.clip_grad_norm_(self.unet.parameters(), 1.0)
        spread = self._pool if self.threads > 1 else None
        self.optimizer.step(budget.share_of_rate(self.seconds, self.step), spread)
        kept = averaging(self.step, _LONGEST_MEMORY)
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(self.unet.parameters()), 1 - kept)
        self.step += 1
        self.samples += self.batch
        if self.step % _PAUSE == 0:
            loss.item()
        self.seconds += time.monotonic() - began
        return loss

    def _group(self, groups: Sequence[Examples]) -> Examples:
        """One of the frames, the more pictures it has the more often."""
        sizes = torch.tensor([float(len(group.latents)) for group in groups])
        return groups[int(torch.multinomial(sizes, 1, generator=self._dice))]

    def _draw(self, examples: Examples) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """A batch of latents, noise, timesteps, and token ids, some of them the empty caption's."""
        where: dict[str, Any] = {"device": self.device, "generator": self.generator}
        rows = torch.randint(0, len(examples.latents), (self.batch,), **where)
        variants = torch.randint(0, examples.ids.shape[1], (self.batch,), **where)
        silent = torch.rand((self.batch,), **where) < _EMPTY_SHARE
        ids = examples.ids[rows, variants].long()
        ids = torch.where(silent[:, None], examples.empty.long(), ids)
        latents = examples.latents[rows].float()
        return latents, torch.randn(latents.shape, **where), self._timesteps(), ids

    def _timesteps(self) -> Tensor:
        """Half uniform, half around the noisy end, where it is decided what is drawn and where:
        what a wrong subject costs lies above timestep 700, as the coarse latents are large."""
        where: dict[str, Any] = {"device": self.device, "generator": self.generator}
        first, second = torch.rand((2, self.batch), **where)
        noisy = torch.rand((self.batch,), **where) < 0.5
        share = torch.where(noisy, 0.5 + (first + second) / 4, first)
        return (share * NOISE_STEPS).long().clamp(max=NOISE_STEPS - 1)

    def _gradients(self, *batch: Tensor) -> Tensor:
        """Gradients of the mean loss in the denoiser's weights; returns that loss."""
        for unet in self._copies:
            unet.zero_grad(set_to_none=True)
        parts = zip(*(whole.chunk(self.threads) for whole in batch), strict=True)
        with _attention(self.device):
            if self.threads == 1:
                return self._backward(self.unet, *next(parts))
            jobs = [
                self._pool.submit(self._backward, unet, *part)
                for unet, part in zip(self._copies, parts, strict=True)
            ]
            losses = [job.result() for job in jobs]
        own = [p.grad for p in self.unet.parameters() if p.grad is not None]
        for unet in self._copies[1:]:
            torch._foreach_add_(own, [p.grad for p in unet.parameters() if p.grad is not None])
        return torch.stack(losses).sum()

    def _backward(
        self, unet: UNet2DConditionModel, latents: Tensor, noise: Tensor, t: Tensor, ids: Tensor
    ) -> Tensor:
        signal = self.signal[t].view(-1, 1, 1, 1)
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.no_grad():
                text = self.encoder(ids).last_hidden_state
            noisy = noisy.contiguous(memory_format=torch.channels_last)
            predicted = unet(noisy, t, text).sample
        v = signal.sqrt() * noise - (1 - signal).sqrt() * latents
        loss = F.mse_loss(predicted.float(), v) * len(latents) / self.batch
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def averaged(self) -> UNet2DConditionModel:
        """A copy of the denoiser with the averaged weights, on the CPU."""
        averaged = UNet2DConditionModel.from_config(self.unet.config)
        for parameter, average in zip(averaged.parameters(), self.average, strict=True):
            parameter.data.copy_(average)
        return averaged.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint that `load` continues from."""
        unfinished = path.with_suffix(".tmp")
        state = {
            "unet": self.unet.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "generator": self.generator.get_state(),
            "step": self.step,
            "samples": self.samples,
            "seconds": self.seconds,
            "falling": self.falling,
        }
        torch.save(state, unfinished)
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.unet.load_state_dict(state["unet"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self._go_on_drawing(state["generator"].cpu(), state["samples"])
        self.step, self.samples = state["step"], state["samples"]
        self.seconds, self.falling = state["seconds"], state["falling"]

    def _go_on_drawing(self, kept: Tensor, samples: int) -> None:
        """Draw what comes next in a checkpoint; anew, where another kind of device wrote it."""
        if kept.shape == self.generator.get_state().shape:
            self.generator.set_state(kept)
        else:
            self.generator.manual_seed(samples)
        if self._dice is not self.generator:
            self._dice.manual_seed(samples)

    def begin_from(self, unet: UNet2DConditionModel) -> None:
        """Start from the weights of another training, that were averaged and brought to rest."""
        self.unet.load_state_dict(unet.state_dict())
        self.average = [p.detach().clone() for p in self.unet.parameters()]


def _is_hidden(name: str, parameter: Tensor) -> bool:
    return parameter.ndim in {2, 4} and not any(part in name for part in _ENDS)


def _sharing(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """A copy whose weights are the same memory and whose gradients are its own."""
    twin = copy.deepcopy(unet)
    for own, shared in zip(twin.parameters(), unet.parameters(), strict=True):
        own.data = shared.data
    return twin


def _one_thread_each() -> None:
    torch.set_num_threads(1)


def _attention(device: torch.device) -> AbstractContextManager[Any]:
    """On a CPU the plain products: the fused kernel's backward takes a fifth of the whole step."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()
