"""Latent inpainting with the small model: the stock pipeline, for latents of any depth."""

from types import SimpleNamespace
from typing import Any

from diffusers import StableDiffusionInpaintPipeline

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
    """

    @property
    def unet(self) -> Any:
        return _WithoutMasks(self.__dict__["unet"])

    @unet.setter
    def unet(self, denoiser: Any) -> None:
        self.__dict__["unet"] = denoiser
