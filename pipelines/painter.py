"""Makes small RGB pictures of latents without decoding them: one small matrix per model.

Where the numbers come from is `pipelines.painter_fit`'s business. Knows tensors and sizes, no
family.
"""

from dataclasses import dataclass

import torch

from pipelines.types import Size


@dataclass(frozen=True, slots=True)
class Layout:
    """How a pipeline packs its decoder's latents into cells (tokens) of patch x patch."""

    patch: int
    channels_first: bool = True
    """Whether a cell holds patch x patch values of one channel after the other."""

    def pack(self, decoded: torch.Tensor) -> torch.Tensor:
        """Shapes: [channels, height, width] -> [rows, columns, packed channels]."""
        channels, height, width = decoded.shape
        p = self.patch
        split = decoded.reshape(channels, height // p, p, width // p, p)
        order = (1, 3, 0, 2, 4) if self.channels_first else (1, 3, 2, 4, 0)
        return split.permute(order).reshape(height // p, width // p, -1)

    def unpack(self, cells: torch.Tensor) -> torch.Tensor:
        """Shapes: [rows, columns, packed channels] -> [height, width, channels]."""
        rows, columns, packed = cells.shape
        p, channels = self.patch, packed // self.patch**2
        if self.channels_first:
            split = cells.reshape(rows, columns, channels, p, p).permute(0, 3, 1, 4, 2)
        else:
            split = cells.reshape(rows, columns, p, p, channels).permute(0, 2, 1, 3, 4)
        return split.reshape(rows * p, columns * p, channels)


@dataclass(frozen=True, slots=True)
class Painter:
    """One model's way from a pipeline's latents to pixels."""

    layout: Layout
    scale: torch.Tensor
    shift: torch.Tensor
    """From a pipeline's latents to its decoder's, per packed channel."""
    matrix: torch.Tensor
    offset: torch.Tensor
    """From one latent of the decoder to detail x detail pixels, 0 to 1."""
    detail: int

    def paint(self, latents: torch.Tensor, size: Size) -> torch.Tensor | None:
        """A small picture, on the latents' device; None for latents of an unknown form.

        Shapes: latents as a pipeline keeps them, of one picture; returns [height, width, 3] uint8.
        """
        cells = to_cells(latents.float(), size)
        if cells is None or cells.shape[-1] != len(self.scale):
            return None
        decoded = self.layout.unpack(cells * self.scale + self.shift)
        height, width, _ = decoded.shape
        d = self.detail
        painted = (decoded @ self.matrix + self.offset).reshape(height, width, d, d, 3)
        pixels = painted.permute(0, 2, 1, 3, 4).reshape(height * d, width * d, 3)
        return pixels.mul(255).round().clamp(0, 255).to(torch.uint8)


def to_cells(latents: torch.Tensor, size: Size) -> torch.Tensor | None:
    """One picture's latents as cells [rows, columns, channels], None if they are not of that kind.

    Shapes: latents [1, channels, height, width], with a frame dimension of 1 anywhere before the
    last two, or tokens [1, rows * columns, channels] in reading order.
    """
    if latents.ndim == 3:
        tokens = latents.shape[1]
        rows = round((tokens * size.height / size.width) ** 0.5)
        columns = tokens // max(rows, 1)
        fits = rows * columns == tokens and len(latents) == 1
        return latents.reshape(rows, columns, -1) if fits else None
    if latents.ndim < 4 or latents.numel() != latents.shape[-1] * latents.shape[-2] * max(
        latents.shape[:-2]
    ):
        return None
    return latents.reshape(-1, *latents.shape[-2:]).permute(1, 2, 0)
