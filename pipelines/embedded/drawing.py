"""Draws many prompts with a stock pipeline, each from its own seed. Needs no renderer."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.types import Size

NATIVE = Size(256, 256)
_BATCH = 8


def draw(
    pipeline: Any,
    prompts: Sequence[str],
    *,
    guidance: float,
    steps: int,
    first_seed: int = 0,
    seeds: Sequence[int] | None = None,
    size: Size | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> NDArray[np.uint8]:
    """Draw prompt number n from seed first_seed + n, or from `seeds`; `advance` hears how many.

    Without a size the pipeline draws its own. Shapes: [n, h, w, 3].
    """
    begun = seeds if seeds is not None else range(first_seed, first_seed + len(prompts))
    sides = {} if size is None else {"width": size.width, "height": size.height}
    drawn = []
    for start in range(0, len(prompts), _BATCH):
        part = list(prompts[start : start + _BATCH])
        generators = [torch.Generator().manual_seed(s) for s in begun[start : start + len(part)]]
        floats = pipeline(
            part,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=generators,
            output_type="np",
            **sides,
        ).images
        drawn.append((floats * 255).round().astype(np.uint8))
        advance(len(part))
    return np.concatenate(drawn)
