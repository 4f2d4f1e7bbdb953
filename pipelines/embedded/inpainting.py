"""Latent inpainting with the small model: the stock pipeline, for latents of any depth."""

from types import SimpleNamespace
from typing import Any

from diffusers import StableDiffusionInpaintPipeline
from torch import Tensor
from torch.nn import functional as F

_KNOWS_NO_MASKS = 4


class _WithoutMasks:
    """A denoiser that says of itself that it takes latents and nothing else."""

    def __init__(self, denoiser: Any) -> None:
        self._denoiser = denoiser
        self.config = SimpleNamespace(**denoiser.config | {"in_channels": _KNOWS_NO_MASKS})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._denoiser, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._denoiser(*args, **kwargs)


class EmbeddedInpaintPipeline(StableDiffusionInpaintPipeline):  # type: ignore[misc]
    """The stock pipeline keeps what a mask protects at each step, if the denoiser knows no masks.

    It tells that by the four channels that latents usually have. Ours have more, so it is told.

    A latent of ours stands for 16 x 16 pixels, and the stock pipeline looks at one of them to tell
    whether it is drawn anew: a thin mask would draw nothing. So each latent that a mask touches is
    drawn anew; the pixels that were to be kept are put back by who asked for them.
    """

    @property
    def unet(self) -> Any:
        return _WithoutMasks(self.__dict__["unet"])

    @unet.setter
    def unet(self, denoiser: Any) -> None:
        self.__dict__["unet"] = denoiser

    def prepare_mask_latents(self, mask: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Shapes: mask [batch, 1, height, width], 1 where it is drawn anew."""
        return super().prepare_mask_latents(touched(mask, self.vae_scale_factor), *args, **kwargs)


def touched(mask: Tensor, side: int) -> Tensor:
    """The mask, grown to all of each square that it touches. Shapes: [batch, 1, height, width]."""
    squares = F.max_pool2d(mask, side)
    return F.interpolate(squares, size=mask.shape[-2:], mode="nearest")
