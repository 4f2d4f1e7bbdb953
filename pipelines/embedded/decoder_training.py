"""The decoder's training: it learns to draw crops of rendered pictures from their noisy latents.

Muon takes its hidden layers here too, as fast as they bear: 3e-3. Knows no scenes: pictures and
latents come in.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny
from torch import Tensor, nn

from pipelines.embedded.optimizer import HiddenAndRest
from pipelines.embedded.pca import FACTOR
from pipelines.embedded.schedule import averaging, learning_rate

_HIDDEN_RATE = 3e-3
_REST_RATE = 2e-3
_WARMUP = 50
_HOLD = 0.6
_LONGEST_MEMORY = 0.995
_CROP = 6
"""Side of the crops the decoder learns from. Units: latents."""
_MOST_NOISE = 0.2
"""The decoder sees latents with up to this much noise, as a denoiser's latents are never exact."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Pictures [n, h, w, 3] in bytes, and their latents [n, c, h, w]."""

    pictures: Tensor
    latents: Tensor


@dataclass(slots=True)
class DecoderTraining:
    """The decoder on its way. Its weights' running average is what ships."""

    decoder: nn.Module
    device: torch.device
    batch: int = 8
    step: int = 0
    seconds: float = 0.0
    optimizer: HiddenAndRest = field(init=False)
    average: list[Tensor] = field(init=False)
    generator: torch.Generator = field(init=False)
    """On the CPU always: what it draws is small, and a checkpoint goes on on any device."""

    def __post_init__(self) -> None:
        decoder: Any = self.decoder  # torch's types do not know memory formats
        decoder.to(self.device, memory_format=torch.channels_last).train()
        hidden = _hidden_weights(self.decoder)
        known = {id(weights) for weights in hidden}
        self.optimizer = HiddenAndRest(
            hidden,
            [p for p in self.decoder.parameters() if id(p) not in known],
            hidden_rate=_HIDDEN_RATE,
            rest_rate=_REST_RATE,
            rest_decay=1e-4,
        )
        self.average = [p.detach().clone() for p in self.decoder.parameters()]
        self.generator = torch.Generator().manual_seed(0)

    def train_step(self, lesson: Lesson, done: float) -> Tensor:
        """One step on random crops; `done` is the share of the training that is behind it."""
        target, source = self._draw(lesson)
        with torch.autocast(self.device.type, torch.bfloat16):
            drawn = self.decoder(source.contiguous(memory_format=torch.channels_last))
        loss = _picture_loss(drawn.float() / 2 + 0.5 - target)
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = list(self.decoder.parameters())
        nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimizer.step(learning_rate(done, self.step, warmup=_WARMUP, hold=_HOLD))
        self.decoder.zero_grad(set_to_none=True)
        kept = averaging(self.step, _LONGEST_MEMORY)
        torch._foreach_lerp_(self.average, [p.detach() for p in parameters], 1 - kept)
        self.step += 1
        return loss.detach()

    def _draw(self, lesson: Lesson) -> tuple[Tensor, Tensor]:
        """The same window of some pictures, 0 to 1, and of their latents, with noise."""
        chance = self.generator
        rows = torch.randint(0, len(lesson.pictures), (self.batch,), generator=chance)
        room = lesson.latents.shape[-1] - _CROP
        y, x = torch.randint(0, max(room, 0) + 1, (2,), generator=chance).tolist()
        rows = rows.to(self.device)
        source = lesson.latents[rows, :, y : y + _CROP, x : x + _CROP].float()
        noise = torch.randn(source.shape, generator=chance)
        amount = torch.rand((self.batch, 1, 1, 1), generator=chance) * _MOST_NOISE
        high, wide = (slice(at * FACTOR, (at + _CROP) * FACTOR) for at in (y, x))
        target = lesson.pictures[rows, high, wide].permute(0, 3, 1, 2).float() / 255
        return target, source + (noise * amount).to(self.device)

    def save(self, path: Path) -> None:
        """Write a checkpoint that `load` continues from."""
        unfinished = path.with_suffix(".tmp")
        state = {
            "decoder": self.decoder.state_dict(),
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
        self.decoder.load_state_dict(state["decoder"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.generator.set_state(state["generator"].cpu())
        self.step, self.seconds = state["step"], state["seconds"]


def put_average(vae: AutoencoderTiny, checkpoint: Path) -> None:
    """Give an autoencoder the averaged weights of a checkpoint."""
    average = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    with torch.no_grad():
        for parameter, kept in zip(vae.decoder.parameters(), average, strict=True):
            parameter.copy_(kept)


def _hidden_weights(decoder: nn.Module) -> list[nn.Parameter]:
    """Of all convolutions but the first, which takes latents, and the last, which gives colours."""
    _, *hidden, _ = (m.weight for m in decoder.modules() if isinstance(m, nn.Conv2d))
    return [weights for weights in hidden if isinstance(weights, nn.Parameter)]


def _picture_loss(error: Tensor) -> Tensor:
    """Absolute and squared error, and the error of the edges, which keeps them crisp."""
    across, down = error.diff(dim=-1).abs().mean(), error.diff(dim=-2).abs().mean()
    return error.abs().mean() + 4 * error.square().mean() + 0.8 * (across + down)
