"""Turns pictures into latents and back: a fixed encoder, never trained, and a decoder that is.

The encoder is a principal component analysis in levels (4 x 4 pixels, 8 x 8, 16 x 16), written
exactly into the weights of a stock `AutoencoderTiny`. So latents never change while the decoder
improves, a latent means the same everywhere, and encoding a data set is a few matrix products.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipelines.embedded.schedule import averaging, learning_rate

LATENT_CHANNELS = 32
FACTOR = 16
"""A latent stands for FACTOR x FACTOR pixels."""
_LEVELS = 3
"""How often four neighbours become one place after the first four pixels did."""
_WIDTH = 64
"""Components kept on the way to the last level."""
_DECODER_WIDTH = 48
_WHITENING = 0.5
"""How far the components are brought to equal size: 1 wholly, 0 not at all."""
_REACH = 0.9
"""Size of the largest component, well inside the soft limit of 3 that the stock decoder has."""
_CROP = 6
"""Side of the crops the decoder learns from. Units: latents."""
_MOST_NOISE = 0.2
"""The decoder sees latents with up to this much noise, as a denoiser's latents are never exact."""


@dataclass(frozen=True, slots=True)
class Pca:
    """The encoder in matrices: of every level [components, 4 x those before], shift [channels]."""

    levels: tuple[Tensor, ...]
    shift: Tensor

    def encode(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Encode. Shapes: [n, h, w, 3] -> [n, channels, h / 16, w / 16]."""
        maps = F.pixel_unshuffle(to_tensor(pictures), 2)
        for level in self.levels:
            maps = torch.einsum("kc,nchw->nkhw", level, F.pixel_unshuffle(maps, 2))
        return maps + self.shift[:, None, None]

    def encode_many(self, pictures: NDArray[np.uint8], batch: int = 128) -> Tensor:
        """Encode more pictures than fit in memory as floats; half precision."""
        parts = [self.encode(pictures[i : i + batch]) for i in range(0, len(pictures), batch)]
        return torch.cat([part.half() for part in parts])

    def tensors(self) -> dict[str, Tensor]:
        """As a flat table, for a file."""
        return {f"level{n}": level for n, level in enumerate(self.levels)} | {"shift": self.shift}

    @classmethod
    def of(cls, tensors: dict[str, Tensor]) -> "Pca":
        return cls(tuple(tensors[f"level{n}"] for n in range(_LEVELS)), tensors["shift"])


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """Pixels as the encoder takes them: [n, 3, h, w], -1 to 1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def fit_pca(pictures: NDArray[np.uint8]) -> Pca:
    """Find the components of these pictures [n, h, w, 3]."""
    maps = F.pixel_unshuffle(to_tensor(pictures), 2)
    levels = []
    for count in (48, *(_WIDTH,) * (_LEVELS - 2), LATENT_CHANNELS):
        patches = F.pixel_unshuffle(maps, 2)
        levels.append(_components(patches, count))
        maps = torch.einsum("kc,nchw->nkhw", levels[-1], patches)
    mean, spread = maps.mean((0, 2, 3)), maps.std((0, 2, 3))
    gain = _REACH / (spread**_WHITENING * spread[0] ** (1 - _WHITENING))
    levels[-1] = levels[-1] * gain[:, None]
    return Pca(tuple(levels), shift=-mean * gain)


def _components(maps: Tensor, count: int) -> Tensor:
    """Principal directions of the channels, largest first. Shapes: [count, channels]."""
    rows = maps.permute(1, 0, 2, 3).reshape(maps.shape[1], -1)
    _, directions = torch.linalg.eigh(rows @ rows.T / rows.shape[1])
    largest: Tensor = directions.flip(1)[:, :count].T.contiguous()
    return largest


def build_autoencoder(pca: Pca) -> AutoencoderTiny:
    """A stock autoencoder whose encoder is exactly this analysis; its decoder is untrained."""
    stages = _LEVELS + 2
    vae = AutoencoderTiny(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(_WIDTH,) * stages,
        decoder_block_out_channels=(_DECODER_WIDTH,) * stages,
        num_encoder_blocks=(0,) * stages,
        num_decoder_blocks=(4, 3, 2, 1, 0),
    )
    _write_encoder(vae, pca)
    _start_decoder(vae.decoder)
    return vae.eval()


@torch.no_grad()
def _write_encoder(vae: AutoencoderTiny, pca: Pca) -> None:
    """The stock encoder maps -1..1 to 0..1 first; its first layer undoes that. Each stride-2
    convolution is a pixel-unshuffle (and the matrix after it) in four of its nine taps."""
    into, first, *rest, out = vae.encoder.layers
    for parameter in vae.encoder.parameters():
        parameter.zero_()
    for channel in range(3):
        into.weight[channel, channel, 1, 1] = 2
        into.bias[channel] = -1
    for index in range(12):
        first.weight[index, *_tap(index)] = 1
    for layer, matrix in zip(rest, pca.levels, strict=True):
        for index in range(matrix.shape[1]):
            layer.weight[: len(matrix), *_tap(index)] = matrix[:, index]
    for channel in range(LATENT_CHANNELS):
        out.weight[channel, channel, 1, 1] = 1
    out.bias.copy_(pca.shift)


def _tap(index: int) -> tuple[int, int, int]:
    """Input channel, row and column that pixel-unshuffle's output channel takes from."""
    channel, place = divmod(index, 4)
    return channel, 1 + place // 2, 1 + place % 2


def _start_decoder(decoder: nn.Module) -> None:
    """The default initialisation does not train: keep the signal's size, start near grey."""
    for module in decoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in decoder.modules():
        if isinstance(module, AutoencoderTinyBlock):
            module.conv[-1].weight.data.mul_(0.2)
    last = [module for module in decoder.modules() if isinstance(module, nn.Conv2d)][-1]
    assert last.bias is not None
    last.weight.data.mul_(0.3)
    last.bias.data.fill_(0.5)


@dataclass(slots=True)
class DecoderTraining:
    """The decoder on its way: its weights' running average is what ships."""

    decoder: nn.Module
    optimizer: torch.optim.AdamW
    average: list[Tensor]
    step: int = 0

    @classmethod
    def start(cls, vae: AutoencoderTiny) -> "DecoderTraining":
        decoder = vae.decoder.to(memory_format=torch.channels_last)
        parameters = list(decoder.parameters())
        optimizer = torch.optim.AdamW(
            parameters, lr=2e-3, betas=(0.9, 0.99), weight_decay=1e-4, fused=True
        )
        return cls(decoder, optimizer, [p.detach().clone() for p in parameters])

    def train_step(
        self, pictures: Tensor, latents: Tensor, steps: int, generator: torch.Generator
    ) -> float:
        """One step on whole pictures (0 to 1) and their latents, of which crops are taken."""
        for group in self.optimizer.param_groups:
            group["lr"] = 2e-3 * learning_rate(self.step / steps, self.step, warmup=50)
        target, source = _crops(pictures, latents, generator)
        noise = torch.randn(source.shape, generator=generator)
        amount = torch.rand((len(source), 1, 1, 1), generator=generator) * _MOST_NOISE
        noisy = (source + noise * amount).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            drawn = self.decoder(noisy)
        error = drawn.float() / 2 + 0.5 - target
        loss = _picture_loss(error)
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = list(self.decoder.parameters())
        nn.utils.clip_grad_norm_(parameters, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        kept = averaging(self.step, 0.995)
        torch._foreach_lerp_(self.average, [p.detach() for p in parameters], 1 - kept)
        self.step += 1
        return loss.item()

    def save(self, path: Path) -> None:
        """Write a checkpoint that `load` continues from."""
        unfinished = path.with_suffix(".tmp")
        state = {
            "decoder": self.decoder.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
        }
        torch.save(state, unfinished)
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.decoder.load_state_dict(state["decoder"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average, self.step = state["average"], state["step"]

    def finish(self) -> None:
        """Put the averaged weights into the decoder."""
        for parameter, average in zip(self.decoder.parameters(), self.average, strict=True):
            parameter.data.copy_(average)


def _crops(pictures: Tensor, latents: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    room = latents.shape[-1] - _CROP
    y, x = torch.randint(0, room + 1, (2,), generator=generator).tolist()
    window = slice(y * FACTOR, (y + _CROP) * FACTOR), slice(x * FACTOR, (x + _CROP) * FACTOR)
    return (
        pictures[..., window[0], window[1]],
        latents[..., y : y + _CROP, x : x + _CROP],
    )


def _picture_loss(error: Tensor) -> Tensor:
    """Absolute and squared error, and the error of the edges, which keeps them crisp."""
    across, down = error.diff(dim=-1).abs().mean(), error.diff(dim=-2).abs().mean()
    return error.abs().mean() + 4 * error.square().mean() + 0.8 * (across + down)


@torch.no_grad()
def fidelity(vae: AutoencoderTiny, pictures: NDArray[np.uint8]) -> float:
    """Mean peak signal-to-noise ratio of encoding and decoding these pictures. Units: dB."""
    whole = to_tensor(pictures)
    drawn = vae.decoder(vae.encoder(whole)).clamp(-1, 1)
    mean_square = ((drawn - whole) / 2).square().mean((1, 2, 3))
    return float((-10 * torch.log10(mean_square)).mean())
