"""Tiny networks of the kinds that finish pictures, with random weights, as files."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from pipelines.nets.birefnet import BiRefNet
from pipelines.nets.rrdbnet import RRDBNet
from pipelines.nets.swin import SwinShape


def small_rrdbnet(scale: int, seed: int = 0) -> RRDBNet:
    """One block, so that it sees less far than tiles overlap."""
    torch.manual_seed(seed)
    net = RRDBNet(scale, features=8, growth=4, blocks=1).eval().requires_grad_(False)
    for parameter in net.parameters():
        parameter.mul_(2.5)
    net.conv_last.bias.fill_(0.5)
    return net


def upscaler_file(folder: Path, scale: int = 4, name: str = "Tiny_ESRGAN") -> Path:
    """Weights that enlarge, in a file as they are published."""
    file = folder / f"{name}_x{scale}.safetensors"
    save_file(small_rrdbnet(scale).state_dict(), file)
    return file


SMALL_SWIN = SwinShape(features=8, depths=(2, 2, 2, 2), heads=(1, 2, 2, 4), window=4)


def small_birefnet(seed: int = 0) -> BiRefNet:
    """As published but for its size, with layers that do something."""
    torch.manual_seed(seed)
    net = BiRefNet(SMALL_SWIN).eval().requires_grad_(False)
    for name, parameter in net.named_parameters():
        if "offset_conv" in name:
            parameter.normal_(std=0.1)
        elif parameter.ndim > 1:
            parameter.normal_(std=parameter[0].numel() ** -0.5)
    return net


def matting_file(folder: Path) -> Path:
    """Weights that cut out, with what only training used."""
    file = folder / "matting.safetensors"
    extra = {"decoder.conv_ms_spvn_4.weight": torch.zeros(1, 8, 1, 1)}
    save_file(small_birefnet().state_dict() | extra, file)
    return file
