"""Fits a model's painter: once, at warm-up, from one drawing and one test picture.

How a pipeline packs and scales its latents is found by comparing those of a finished drawing with
what its decoder was given. What colours they stand for is fitted to what the autoencoder makes of a
test picture, that is encoded and decoded. So nothing here knows a family, and a model that fits
nowhere has no painter.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from pipelines.painter import Layout, Painter, to_cells
from pipelines.types import Pixels, Size

LEAST_SIDE = 96
"""A latent becomes several pixels where a preview's short side would have fewer than this."""
_CHART_LATENTS = 32
_LARGEST_CHART = 512
"""Sides of the test picture: in latents, and at most in pixels."""
_LEAVES = 400
_LAYOUT_TOLERANCE = 0.03
"""What half precision may cost where layouts are compared; a wrong one misses by about 1."""
_RIDGE = 1e-3


def fit_painter(
    latents: torch.Tensor, decoded: torch.Tensor, autoencoder: Any, size: Size
) -> Painter | None:
    """Fit a painter to a model, or find that it cannot have one.

    Shapes: the latents of a finished drawing of this size as its pipeline kept them (`latents`) and
    as its decoder was given them (`decoded`, [1, channels, height, width] or with a frame).
    """
    cells = to_cells(latents.float(), size)
    given = to_cells(decoded.float(), size) if decoded.ndim >= 4 else None
    if cells is None or given is None or not hasattr(autoencoder, "encode"):
        return None
    found = _find_layout(cells, given.permute(2, 0, 1))
    if found is None:
        return None
    layout, scale, shift = found
    rows, columns, _ = given.shape
    factor = max(1, size.width // columns)
    wanted = LEAST_SIDE / min(rows, columns)
    detail = min(factor, 2 ** max(0, math.ceil(math.log2(wanted))))
    matrix, offset = _fit_colours(autoencoder, decoded, factor, detail)
    return Painter(layout, scale, shift, matrix, offset, detail)


def _find_layout(
    cells: torch.Tensor, decoded: torch.Tensor
) -> tuple[Layout, torch.Tensor, torch.Tensor] | None:
    """The layout in which each packed channel is the decoder's but for a scale and a shift.

    Shapes: cells [rows, columns, packed channels]; decoded [channels, height, width].
    """
    patch = max(1, decoded.shape[1] // cells.shape[0])
    flat = cells.reshape(-1, cells.shape[-1])
    for layout in (Layout(patch), Layout(patch, channels_first=False)):
        if (cells.shape[0] * patch, cells.shape[1] * patch) != decoded.shape[1:]:
            return None
        target = layout.pack(decoded).reshape(len(flat), -1)
        if target.shape != flat.shape:
            return None
        scale, shift, missed = _line_through(flat, target)
        if missed < _LAYOUT_TOLERANCE:
            return layout, scale, shift
    return None


def _line_through(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Least squares of y = scale * x + shift per column, and the share of y left unexplained."""
    centred, wanted = x - x.mean(0), y - y.mean(0)
    scale = (centred * wanted).sum(0) / centred.square().sum(0).clamp_min(1e-12)
    missed = (wanted - scale * centred).square().sum() / wanted.square().sum().clamp_min(1e-12)
    return scale, y.mean(0) - scale * x.mean(0), float(missed.sqrt())


def _fit_colours(
    autoencoder: Any, like: torch.Tensor, factor: int, detail: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ridge regression of a decoded test picture's pixels on its latents.

    Shapes: returns [channels, detail * detail * 3] and [detail * detail * 3].
    """
    side = min(_CHART_LATENTS, max(8, _LARGEST_CHART // factor)) * factor
    chart = torch.from_numpy(_chart(side)).permute(2, 0, 1).to(like.device)
    frames = like.ndim - 4
    picture = (chart[None] / 127.5 - 1).to(like.dtype)[
        (slice(None), slice(None)) + (None,) * frames
    ]
    encoded = _latents_of(autoencoder.encode(picture))
    drawn = autoencoder.decode(encoded, return_dict=False)[0]
    latents = encoded.float().reshape(encoded.shape[1], -1).T
    pixels = drawn.float().reshape(1, 3, side, side) / 2 + 0.5
    # [1, 3, h, w] -> [1, 3 * detail * detail, latent rows, latent columns], channel by channel
    small = F.adaptive_avg_pool2d(pixels.clamp(0, 1), side // factor * detail)
    blocks = F.pixel_unshuffle(small, detail)[0].reshape(3, detail**2, -1)
    targets = blocks.permute(2, 1, 0).reshape(len(latents), -1)
    mean, aim = latents.mean(0), targets.mean(0)
    centred = latents - mean
    gram = centred.T @ centred
    ridge = _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), device=gram.device)
    matrix = torch.linalg.solve(gram + ridge, centred.T @ (targets - aim))
    return matrix, aim - mean @ matrix


def _latents_of(encoded: Any) -> torch.Tensor:
    """What an autoencoder's `encode` found, whatever it calls that."""
    if hasattr(encoded, "latent_dist"):
        latents: torch.Tensor = encoded.latent_dist.mode()
        return latents
    first: torch.Tensor = encoded[0]
    return first


def _chart(side: int) -> Pixels:
    """Discs of all colours upon each other, a few large and many small, as things in pictures are.

    Source: the "dead leaves" model of natural images (Lee, Mumford & Huang 2001): radii with a
    density of r^-3.
    """
    rng = np.random.default_rng(0)
    picture = np.zeros((side, side, 3), np.uint8)
    y, x = np.mgrid[:side, :side]
    for cy, cx, radius, colour in _leaves(rng, side):
        picture[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = colour
    return picture


def _leaves(rng: np.random.Generator, side: int) -> Iterator[tuple[float, float, float, Any]]:
    least, most = max(1.0, side / 64), side / 2
    for _ in range(_LEAVES):
        share = rng.uniform()
        radius = (least**-2 + share * (most**-2 - least**-2)) ** -0.5
        cy, cx = rng.uniform(0, side, 2)
        yield cy, cx, radius, rng.integers(0, 256, 3)
