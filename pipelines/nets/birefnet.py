"""BiRefNet, which tells a picture's subject from its background, with its weights' own names.

Its shape is read off the weights; what only its training used is left out. Knows tensors.

Source: Zheng et al. 2024, "Bilateral Reference for High-Resolution Dichotomous Image Segmentation";
Zhu et al. 2018, "Deformable ConvNets v2" (the sampling at moved places).
"""

import math
from collections.abc import Mapping
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from pipelines.errors import ModelBroken
from pipelines.nets.swin import Swin, SwinShape

_INNER = 64
_CONTEXT = 256
_DEFORMED_SIDES = (1, 3, 7)
_GRADIENT = 16
_TRAINING_ONLY = ("decoder.conv_ms_spvn_", "decoder.gdt_convs_pred_", "cls_head.")


def _scaled(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    size = like.shape[2:]
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=True)


class _Deformable(nn.Module):
    """A convolution that looks at places, and as strongly, as it makes up its mind."""

    def __init__(self, inward: int, outward: int, side: int) -> None:
        super().__init__()
        self._side = side
        padding = side // 2
        self.offset_conv = nn.Conv2d(inward, 2 * side**2, side, padding=padding)
        self.modulator_conv = nn.Conv2d(inward, side**2, side, padding=padding)
        self.regular_conv = nn.Conv2d(inward, outward, side, padding=padding, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        offsets = self.offset_conv(x)
        strengths = 2 * torch.sigmoid(self.modulator_conv(x))
        n, _, height, width = x.shape
        rows = torch.arange(height, device=x.device, dtype=torch.float32)[None, :, None]
        columns = torch.arange(width, device=x.device, dtype=torch.float32)[None, None]
        total = x.new_zeros(n, self.regular_conv.out_channels, height, width)
        for tap in range(self._side**2):  # one at a time: all of them would take 49 times x
            row, column = (place - self._side // 2 for place in divmod(tap, self._side))
            down = (2 * (rows + row + offsets[:, 2 * tap].float()) + 1) / height - 1
            across = (2 * (columns + column + offsets[:, 2 * tap + 1].float()) + 1) / width - 1
            grid = torch.stack((across, down), dim=3).to(x.dtype)
            seen = functional.grid_sample(x, grid, align_corners=False) * strengths[:, tap, None]
            weight = self.regular_conv.weight.flatten(2)[:, :, tap]
            total = total + functional.conv2d(seen, weight[:, :, None, None])
        return total


class _DeformedContext(nn.Module):
    def __init__(self, inward: int, side: int) -> None:
        super().__init__()
        self.atrous_conv = _Deformable(inward, _CONTEXT, side)
        self.bn = nn.BatchNorm2d(_CONTEXT)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.bn(self.atrous_conv(x)))


class _Surroundings(nn.Module):
    """What is around each place, near, far and everywhere."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.aspp1 = _DeformedContext(features, 1)
        self.aspp_deforms = nn.ModuleList(
            _DeformedContext(features, side) for side in _DEFORMED_SIDES
        )
        self.global_avg_pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(features, _CONTEXT, 1, bias=False),
            nn.BatchNorm2d(_CONTEXT),
            nn.ReLU(),
        )
        self.conv1 = nn.Conv2d(_CONTEXT * (2 + len(_DEFORMED_SIDES)), features, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = [self.aspp1(x), *(deformed(x) for deformed in self.aspp_deforms)]
        everywhere = self.global_avg_pool(x).expand(-1, -1, *x.shape[2:])
        return functional.relu(self.bn1(self.conv1(torch.cat((*seen, everywhere), dim=1))))


class _Block(nn.Module):
    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(inward, _INNER, 3, padding=1)
        self.bn_in = nn.BatchNorm2d(_INNER)
        self.dec_att = _Surroundings(_INNER)
        self.conv_out = nn.Conv2d(_INNER, outward, 3, padding=1)
        self.bn_out = nn.BatchNorm2d(outward)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.dec_att(functional.relu(self.bn_in(self.conv_in(x))))
        return cast(torch.Tensor, self.bn_out(self.conv_out(inner)))


class _Lateral(nn.Module):
    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inward, outward, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self.conv(x))


class _Look(nn.Module):
    """The picture itself once more, folded to the size of a feature map."""

    def __init__(self, inward: int, outward: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inward, _INNER, 3, padding=1)
        self.conv_out = nn.Conv2d(_INNER, outward, 3, padding=1)

    def forward(self, picture: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """Beside the map it looks like, along the features."""
        n, colours, height, width = picture.shape
        rows, columns = like.shape[2:]
        down, across = height // rows, width // columns
        split = picture.reshape(n, colours, down, rows, across, columns)
        folded = split.permute(0, 1, 2, 4, 3, 5).reshape(n, -1, rows, columns)
        return torch.cat((like, self.conv_out(self.conv1(folded))), dim=1)


class _Decoder(nn.Module):
    """From the coarsest map to a matte, a step finer each time."""

    def __init__(self, maps: tuple[int, ...]) -> None:
        super().__init__()
        coarse, third, second, first = maps
        finer = (third, second, first, first // 2)
        looks = (coarse // 8, coarse // 8, third // 8, second // 8)
        folds = (3 * 4**5, 3 * 4**4, 3 * 4**3, 3 * 4**2)
        levels = zip((4, 3, 2, 1), maps, finer, strict=True)
        for index, (level, inward, outward) in enumerate(levels):
            setattr(self, f"ipt_blk{level + 1}", _Look(folds[index], looks[index]))
            setattr(self, f"decoder_block{level}", _Block(inward + looks[index], outward))
            if level > 1:
                setattr(self, f"lateral_block{level}", _Lateral(maps[index + 1], outward))
                setattr(self, f"gdt_convs_{level}", _gradient(outward))
                attention = nn.Sequential(nn.Conv2d(_GRADIENT, 1, 1))
                setattr(self, f"gdt_convs_attn_{level}", attention)
        self.ipt_blk1 = _Look(3, first // 8)
        self.conv_out1 = nn.Sequential(nn.Conv2d(first // 2 + first // 8, 1, 1))

    def forward(self, picture: torch.Tensor, maps: list[torch.Tensor]) -> torch.Tensor:
        x = maps[3]
        for level in (4, 3, 2):
            x = self._part("decoder_block", level)(self._part("ipt_blk", level + 1)(picture, x))
            edges = self._part("gdt_convs_", level)(x)
            x = x * torch.sigmoid(self._part("gdt_convs_attn_", level)(edges))
            finer = maps[level - 2]
            x = _scaled(x, finer) + self._part("lateral_block", level)(finer)
        x = self._part("decoder_block", 1)(self._part("ipt_blk", 2)(picture, x))
        return cast(torch.Tensor, self.conv_out1(self.ipt_blk1(picture, _scaled(x, picture))))

    def _part(self, name: str, level: int) -> nn.Module:
        return cast(nn.Module, getattr(self, f"{name}{level}"))


def _gradient(inward: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inward, _GRADIENT, 3, padding=1), nn.BatchNorm2d(_GRADIENT), nn.ReLU()
    )


class BiRefNet(nn.Module):
    """A matte of a picture. Its sides must be multiples of 32."""

    def __init__(self, shape: SwinShape) -> None:
        super().__init__()
        maps = tuple(2 * shape.features * 2**index for index in (3, 2, 1, 0))
        self.bb = Swin(shape)
        self.squeeze_module = nn.Sequential(_Block(sum(maps), maps[0]))
        self.decoder = _Decoder(maps)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Shapes: [n, 3, height, width] normalised; returns [n, 1, height, width], logits."""
        _, _, height, width = pictures.shape
        half = functional.interpolate(
            pictures, size=(height // 2, width // 2), mode="bilinear", align_corners=True
        )
        fine, coarse = self.bb(pictures), self.bb(half)
        maps = [torch.cat((x, _scaled(y, x)), dim=1) for x, y in zip(fine, coarse, strict=True)]
        context = [*(_scaled(x, maps[3]) for x in maps[:3]), maps[3]]
        maps[3] = self.squeeze_module(torch.cat(context, dim=1))
        return cast(torch.Tensor, self.decoder(pictures, maps))


def read_birefnet(weights: Mapping[str, torch.Tensor], name: str) -> BiRefNet:
    """The network that these weights are of.

    Raises: ModelBroken: when they are another network's; `name` says which file.
    """
    own = {key: value for key, value in weights.items() if not key.startswith(_TRAINING_ONLY)}
    try:
        with torch.device("meta"):
            net = BiRefNet(_shape(own))
        net.load_state_dict(own, assign=True)
    except (LookupError, ValueError, TypeError, ArithmeticError, RuntimeError) as error:
        raise ModelBroken(f"{name} is not of a BiRefNet: {error}") from error
    return net.eval().requires_grad_(False)


def _shape(weights: Mapping[str, torch.Tensor]) -> SwinShape:
    """Raises: LookupError, TypeError: a table is missing, or has not two sides."""
    depths, heads = list[int](), list[int]()
    table = weights["bb.layers.0.blocks.0.attn.relative_position_bias_table"]
    while f"bb.layers.{len(depths)}.blocks.0.norm1.weight" in weights:
        stage, depth = f"bb.layers.{len(depths)}.blocks", 0
        heads.append(weights[f"{stage}.0.attn.relative_position_bias_table"].shape[1])
        while f"{stage}.{depth}.norm1.weight" in weights:
            depth += 1
        depths.append(depth)
    window = (math.isqrt(len(table)) + 1) // 2
    features = len(weights["bb.patch_embed.proj.weight"])
    return SwinShape(features, tuple(depths), tuple(heads), window)
