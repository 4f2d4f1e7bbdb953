"""Draws many prompts with a stock pipeline, each from its own seed. Needs no renderer."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def draw(
    pipeline: Any,
    prompts: list[str],
    *,
    guidance: float,
    steps: int,
    first_seed: int = 0,
    same_seed: bool = False,
    batch: int = 16,
) -> NDArray[np.uint8]:
    """Draw prompt number n from seed first_seed + n. Shapes: [n, h, w, 3]."""
    drawn = []
    for start in range(0, len(prompts), batch):
        part = prompts[start : start + batch]
        seeds = [first_seed + (0 if same_seed else start + n) for n in range(len(part))]
        floats = pipeline(
            part,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
            output_type="np",
        ).images
        drawn.append((floats * 255).round().astype(np.uint8))
    return np.concatenate(drawn)
