"""The autoencoder that ships: a stock class with the analysis of `pca` as its encoder.

The matrices are written exactly into the weights of a stock `AutoencoderTiny`, and can be read out
of them again. Its decoder is learned: `decoder_training`.
"""

import numpy as np
import torch
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from numpy.typing import NDArray
from torch import nn

from pipelines.embedded.pca import COMPONENTS, LATENT_CHANNELS, WIDTH, Pca, to_tensor

_DECODER_WIDTH = 48


def build_autoencoder(pca: Pca) -> AutoencoderTiny:
    """A stock autoencoder whose encoder is exactly this analysis; its decoder is untrained."""
    stages = len(COMPONENTS) + 2
    vae = AutoencoderTiny(
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(WIDTH,) * stages,
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


@torch.no_grad()
def read_encoder(vae: AutoencoderTiny) -> Pca:
    """The analysis that was written into an autoencoder, as exactly as its weights are kept."""
    _, _, *levels, out = vae.encoder.layers
    matrices, before = [], 12
    for layer, count in zip(levels, COMPONENTS, strict=True):
        taps = [layer.weight[:count, *_tap(index)] for index in range(4 * before)]
        matrices.append(torch.stack(taps, 1).float())
        before = count
    return Pca(tuple(matrices), shift=out.bias.detach().float().clone())


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


@torch.no_grad()
def fidelity(vae: AutoencoderTiny, pictures: NDArray[np.uint8]) -> float:
    """Mean peak signal-to-noise ratio of encoding and decoding these pictures. Units: dB."""
    whole = to_tensor(pictures)
    drawn = vae.decoder(vae.encoder(whole)).clamp(-1, 1)
    mean_square = ((drawn - whole) / 2).square().mean((1, 2, 3))
    return float((-10 * torch.log10(mean_square)).mean())
