"""What the engine makes of a pipeline's parts: which denoise, which to warn of, which to refuse.

It knows component names and classes, no requests.
"""

import logging
from typing import Any

import torch
from diffusers.guiders.guider_utils import BaseGuidance

from pipelines.errors import ModelBroken
from pipelines.rules import RULES

log = logging.getLogger(__name__)

DENOISERS = frozenset(
    {"transformer", "transformer_2", "unet", "unconditional_transformer", "controlnet"}
)
"""Component names of denoisers, so that a class without a `Rule` is on the right lane too."""


def denoises(name: str, part: torch.nn.Module) -> bool:
    """Whether a component's calls are denoising steps."""
    return type(part).__name__ in RULES or name in DENOISERS


def check_parts(model: str, pipe: Any) -> None:
    """Say of a newly loaded pipeline what will not be batched.

    Raises: ModelBroken: for a guider that changes the denoiser while it is called: in between,
    other requests call the same one.
    """
    for name, part in pipe.components.items():
        kind = type(part).__name__
        if isinstance(part, BaseGuidance):
            if type(part).prepare_models is not BaseGuidance.prepare_models:
                raise ModelBroken(f"{model}: its {name}, {kind}, changes the model that all share")
        elif isinstance(part, torch.nn.Module) and denoises(name, part) and kind not in RULES:
            log.warning("%s: no rule for batching %s, its requests run one by one", model, kind)
