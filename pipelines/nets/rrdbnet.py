"""RRDBNet, the network of Real-ESRGAN, with the names its published weights have.

Its shape is read off the weights. It knows tensors, no files and no tiles.

Source: Wang et al. 2018, "ESRGAN" (the blocks); Wang et al. 2021, "Real-ESRGAN" (the unshuffled
input of its 2x weights).
"""

from collections.abc import Mapping
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from pipelines.errors import ModelBroken

RGB = 3
_UPSAMPLED = 4
"""The trunk's output is doubled twice; a smaller scale comes from folding the input first."""
_RESIDUAL = 0.2
_SLOPE = 0.2
_DENSE_CONVS = 5


def _conv(inward: int, outward: int) -> nn.Conv2d:
    return nn.Conv2d(inward, outward, 3, padding=1)


def _leaky(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, _SLOPE, inplace=True)


class _Dense(nn.Module):
    """Five convolutions, each of which sees what all before it made."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for index in range(1, _DENSE_CONVS):
            setattr(self, f"conv{index}", _conv(features + (index - 1) * growth, growth))
        self.conv5 = _conv(features + (_DENSE_CONVS - 1) * growth, features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = x
        for index in range(1, _DENSE_CONVS):
            seen = torch.cat((seen, _leaky(getattr(self, f"conv{index}")(seen))), dim=1)
        return x + _RESIDUAL * cast(torch.Tensor, self.conv5(seen))


class _Block(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = _Dense(features, growth)
        self.rdb2 = _Dense(features, growth)
        self.rdb3 = _Dense(features, growth)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + _RESIDUAL * cast(torch.Tensor, self.rdb3(self.rdb2(self.rdb1(x))))


class RRDBNet(nn.Module):
    """Enlarges pictures by 2 or 4."""

    def __init__(self, scale: int, features: int = 64, growth: int = 32, blocks: int = 23) -> None:
        super().__init__()
        self.scale = scale
        self.fold = _UPSAMPLED // scale
        """The sides of a picture must be multiples of this."""
        self.conv_first = _conv(RGB * self.fold**2, features)
        self.body = nn.Sequential(*(_Block(features, growth) for _ in range(blocks)))
        self.conv_body = _conv(features, features)
        self.conv_up1 = _conv(features, features)
        self.conv_up2 = _conv(features, features)
        self.conv_hr = _conv(features, features)
        self.conv_last = _conv(features, RGB)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Shapes: [n, 3, height, width] to [n, 3, scale * height, scale * width], 0 to 1."""
        x = self.conv_first(functional.pixel_unshuffle(pictures, self.fold))
        x = x + self.conv_body(self.body(x))
        for conv in (self.conv_up1, self.conv_up2):
            x = _leaky(conv(functional.interpolate(x, scale_factor=2.0, mode="nearest")))
        return cast(torch.Tensor, self.conv_last(_leaky(self.conv_hr(x))))


def read_rrdbnet(weights: Mapping[str, torch.Tensor], name: str) -> RRDBNet:
    """The network that these weights are of.

    Raises: ModelBroken: when they are another network's; `name` says which file.
    """
    own = {key.removeprefix("params_ema.").removeprefix("params."): weights[key] for key in weights}
    try:
        features, folded = own["conv_first.weight"].shape[:2]
        growth = len(own["body.0.rdb1.conv1.weight"])
        blocks = len({key.split(".")[1] for key in own if key.startswith("body.")})
        scale = scale_of(folded)
        with torch.device("meta"):
            net = RRDBNet(scale, features, growth, blocks)
        net.load_state_dict(own, assign=True)
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ModelBroken(f"{name} is not of a Real-ESRGAN network: {error}") from error
    return net.eval().requires_grad_(False)


def scale_of(folded_channels: int) -> int:
    """By how much weights enlarge whose first layer takes so many channels. Raises: ValueError."""
    for scale in (4, 2):
        if folded_channels == RGB * (_UPSAMPLED // scale) ** 2:
            return scale
    raise ValueError(f"a first layer of {folded_channels} channels enlarges neither by 2 nor by 4")
