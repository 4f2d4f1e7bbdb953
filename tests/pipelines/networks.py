"""Tiny networks of the kinds that finish pictures, with random weights, as files."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from pipelines.nets.rrdbnet import RRDBNet


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
