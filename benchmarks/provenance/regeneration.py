"""The attack that marks of this kind do not survive: the picture is noised and drawn anew.

Our own embedded model does it, with the stock img2img pipeline at strength 0.2, on the whole marked
picture and on a small copy that is enlarged again; beside them the autoencoder alone, without any
noise. A stronger model would leave the picture better and the mark no better. Measured and told,
whatever it gives.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, StableDiffusionImg2ImgPipeline
from PIL import Image

from benchmarks.provenance.survival import KEY, ident_of, psnr
from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.tilemark.mark import TileMark
from pipelines.types import Pixels

STRENGTH = 0.2
_STEPS = 16
_SMALL = 256
_GUIDANCE = 2.5
_Redraw = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, slots=True)
class Redrawn:
    """What came back after one way of drawing anew."""

    way: str
    pictures: int
    found: int
    psnr_db: float
    """How far the redrawn pictures are from the marked ones, in the mean."""


def redrawn(pictures: Sequence[Pixels]) -> Iterator[Redrawn]:
    """Mark these pictures, draw them anew in each way, and look for their ids."""
    mark = TileMark(KEY)
    marked = [mark.embed(pixels, ident_of(number)) for number, pixels in enumerate(pictures)]
    carried = [(number, one.pixels) for number, one in enumerate(marked) if one.carried]
    for way, redraw in _ways().items():
        found, fidelity = 0, []
        for number, pixels in carried:
            again = np.asarray(redraw(Image.fromarray(pixels)))
            found += mark.detect(again, "deep").ident == ident_of(number)
            fidelity.append(psnr(pixels, again))
        yield Redrawn(way, len(carried), found, float(np.mean(fidelity)))


def _ways() -> Mapping[str, _Redraw]:
    parts: Any = DiffusionPipeline.from_pretrained(EMBEDDED_WEIGHTS, dtype=torch.float32)
    pipeline = StableDiffusionImg2ImgPipeline(**parts.components, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)

    def whole(picture: Image.Image) -> Image.Image:
        drawn: Image.Image = pipeline(
            "",
            image=picture,
            strength=STRENGTH,
            num_inference_steps=_STEPS,
            guidance_scale=_GUIDANCE,
            generator=torch.Generator().manual_seed(0),
        ).images[0]
        return drawn

    def small(picture: Image.Image) -> Image.Image:
        lanczos = Image.Resampling.LANCZOS
        return whole(picture.resize((_SMALL, _SMALL), lanczos)).resize(picture.size, lanczos)

    @torch.no_grad()
    def coded(picture: Image.Image) -> Image.Image:
        pixels = pipeline.image_processor.preprocess(picture)
        decoded = pipeline.vae.decode(pipeline.vae.encode(pixels).latents).sample
        back: Image.Image = pipeline.image_processor.postprocess(decoded)[0]
        return back

    return {
        "the autoencoder alone": coded,
        f"img2img at strength {STRENGTH:g}, whole": whole,
        f"img2img at strength {STRENGTH:g}, at {_SMALL} px": small,
    }
