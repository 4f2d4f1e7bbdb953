"""What a noise scheduler's step says of the picture: where it is, and where it is going.

It knows what diffusers' noise schedulers return and remember, no pipeline and no request.
"""

from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler


def next_latents(result: Any) -> torch.Tensor:
    """The latents after the step, of a result in either form."""
    latents: torch.Tensor = result[0] if isinstance(result, tuple) else result.prev_sample
    return latents


def clean_latents(
    noise_scheduler: Any, prediction: torch.Tensor, before: torch.Tensor, result: Any
) -> torch.Tensor:
    """The latents without noise that the denoiser believes in; long before they are reached.

    Of a noise scheduler that does not tell, the latents after the step, with their noise.

    Shapes: `prediction`, `before` (the denoiser's output and its latents) and the result are alike.
    """
    told = result[1:] if isinstance(result, tuple) else (result.get("pred_original_sample"),)
    for clean in told[:1]:
        if isinstance(clean, torch.Tensor):
            return clean
    config = noise_scheduler.config
    if config.get("predict_x0") or "++" in str(config.get("algorithm_type")):
        remembered: torch.Tensor = noise_scheduler.model_outputs[-1]
        return remembered
    if isinstance(noise_scheduler, FlowMatchEulerDiscreteScheduler):
        sigma = noise_scheduler.sigmas[noise_scheduler.step_index - 1]
        straight: torch.Tensor = before - sigma * prediction
        return straight
    return next_latents(result)
