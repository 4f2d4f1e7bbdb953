"""The Swin transformer as BiRefNet reads pictures with it, with the names its weights have.

Its shape comes from whoever builds it. Knows feature maps and nothing of what is made of them.

Source: Liu et al. 2021, "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from torch.nn import functional

PATCH_PX = 4
_MLP_RATIO = 4


@dataclass(frozen=True, slots=True)
class SwinShape:
    """What differs between the sizes of Swin."""

    features: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    window: int
    """Side of the windows that attention stays within. Units: patches."""


class _Attention(nn.Module):
    """Attention within windows, with a bias for every distance."""

    def __init__(self, features: int, heads: int, window: int) -> None:
        super().__init__()
        self._heads = heads
        distances = (2 * window - 1) ** 2
        self.relative_position_bias_table = nn.Parameter(torch.zeros(distances, heads))
        self.register_buffer("relative_position_index", _distances(window))
        self.qkv = nn.Linear(features, 3 * features)
        self.proj = nn.Linear(features, features)

    def forward(self, windows: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Shapes: windows [n, tokens, features]; mask [n, tokens, tokens]."""
        n, tokens, features = windows.shape
        split = self.qkv(windows).reshape(n, tokens, 3, self._heads, features // self._heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        index = cast(torch.Tensor, self.relative_position_index).flatten()
        bias = self.relative_position_bias_table[index].view(tokens, tokens, self._heads)
        bias = bias.permute(2, 0, 1)[None]
        if mask is not None:
            bias = bias + mask[:, None].to(bias.dtype)
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.contiguous())
        merged = attended.transpose(1, 2).reshape(n, tokens, features)
        return cast(torch.Tensor, self.proj(merged))


class _Mlp(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, _MLP_RATIO * features)
        self.fc2 = nn.Linear(_MLP_RATIO * features, features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self.fc2(functional.gelu(self.fc1(x))))


class _Block(nn.Module):
    def __init__(self, features: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self._window, self._shift = window, shift
        self.norm1 = nn.LayerNorm(features)
        self.attn = _Attention(features, heads, window)
        self.norm2 = nn.LayerNorm(features)
        self.mlp = _Mlp(features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shapes: [n, height, width, features], the same out."""
        x = x + self._attend(self.norm1(x))
        return x + cast(torch.Tensor, self.mlp(self.norm2(x)))

    def _attend(self, x: torch.Tensor) -> torch.Tensor:
        n, height, width, _ = x.shape
        x = functional.pad(x, (0, 0, 0, -width % self._window, 0, -height % self._window))
        _, rows, columns, _ = x.shape
        mask = None
        if self._shift:
            x = torch.roll(x, (-self._shift, -self._shift), dims=(1, 2))
            regions = _regions(rows, columns, self._window, self._shift).to(x.device)
            parts = _windows(regions, self._window)[..., 0]
            apart = parts[:, :, None] != parts[:, None, :]
            mask = torch.zeros(apart.shape, device=x.device).masked_fill(apart, float("-inf"))
            mask = mask.repeat(n, 1, 1)
        attended = self.attn(_windows(x, self._window), mask)
        x = _whole(attended, self._window, rows, columns)
        if self._shift:
            x = torch.roll(x, (self._shift, self._shift), dims=(1, 2))
        return x[:, :height, :width]


class _Merging(nn.Module):
    """Four neighbours become one of twice the features."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * features)
        self.reduction = nn.Linear(4 * features, 2 * features, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, height, width, _ = x.shape
        x = functional.pad(x, (0, 0, 0, width % 2, 0, height % 2))
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return cast(torch.Tensor, self.reduction(self.norm(torch.cat(corners, dim=3))))


class _Stage(nn.Module):
    def __init__(self, features: int, depth: int, heads: int, window: int, last: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _Block(features, heads, window, shift=window // 2 if index % 2 else 0)
            for index in range(depth)
        )
        self.downsample = None if last else _Merging(features)


class _PatchEmbed(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, features, PATCH_PX, stride=PATCH_PX)
        self.norm = nn.LayerNorm(features)


class Swin(nn.Module):
    """Feature maps of a picture at a quarter, an eighth, a sixteenth and a thirty-second."""

    def __init__(self, shape: SwinShape) -> None:
        super().__init__()
        last = len(shape.depths) - 1
        self.patch_embed = _PatchEmbed(shape.features)
        self.layers = nn.ModuleList(
            _Stage(shape.features * 2**index, depth, heads, shape.window, last=index == last)
            for index, (depth, heads) in enumerate(zip(shape.depths, shape.heads, strict=True))
        )
        for index in range(last + 1):
            setattr(self, f"norm{index}", nn.LayerNorm(shape.features * 2**index))

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Shapes: [n, 3, height, width]; returns [n, features * 2**i, height / 4 / 2**i, ...]."""
        return list(self._maps(pictures))

    def _maps(self, pictures: torch.Tensor) -> Iterator[torch.Tensor]:
        _, _, height, width = pictures.shape
        padded = functional.pad(pictures, (0, -width % PATCH_PX, 0, -height % PATCH_PX))
        x = self.patch_embed.norm(self.patch_embed.proj(padded).permute(0, 2, 3, 1))
        for index, stage in enumerate(self.layers):
            assert isinstance(stage, _Stage)
            for block in stage.blocks:
                x = block(x)
            yield getattr(self, f"norm{index}")(x).permute(0, 3, 1, 2)
            if stage.downsample is not None:
                x = stage.downsample(x)


def _distances(window: int) -> torch.Tensor:
    """Where each pair of a window's tokens finds its bias. Shapes: [tokens, tokens]."""
    rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
    down = rows.flatten()[:, None] - rows.flatten()[None] + window - 1
    across = columns.flatten()[:, None] - columns.flatten()[None] + window - 1
    return down * (2 * window - 1) + across


def _regions(rows: int, columns: int, window: int, shift: int) -> torch.Tensor:
    """Numbers what was together before a shift. Shapes: [1, rows, columns, 1]."""

    def along(length: int) -> torch.Tensor:
        position = torch.arange(length)
        return (position >= length - window).int() + (position >= length - shift).int()

    return (3 * along(rows)[:, None] + along(columns)[None])[None, ..., None]


def _windows(x: torch.Tensor, side: int) -> torch.Tensor:
    """Shapes: [n, rows, columns, features] to [n * windows, side * side, features]."""
    n, rows, columns, features = x.shape
    x = x.reshape(n, rows // side, side, columns // side, side, features)
    return x.transpose(2, 3).reshape(-1, side * side, features)


def _whole(windows: torch.Tensor, side: int, rows: int, columns: int) -> torch.Tensor:
    """The contrary of `_windows`."""
    features = windows.shape[2]
    x = windows.reshape(-1, rows // side, columns // side, side, side, features)
    return x.transpose(2, 3).reshape(-1, rows, columns, features)
