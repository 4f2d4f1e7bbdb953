"""Builds a component small and random, but such that every input of it matters.

Freshly made diffusion models have layers that begin at zero, so that their output depends neither
on the time nor on the prompt: any two of them agree, and every comparison would pass. Those layers
get noise here. Equal calls give equal weights, and the global random state is left alone.
"""

from collections.abc import Callable
from typing import TypeVar

import torch

Module = TypeVar("Module", bound=torch.nn.Module)

_NOISE = 0.08
"""Deviation of what replaces zeros: large enough to matter, small enough to keep values tame."""
_CONSTANT = 1e-3
"""A matrix that deviates less than this was initialised to a constant."""


def tiny(make: Callable[[], Module], seed: int = 0) -> Module:
    """Make a module from a seed, give its constant layers noise, and set it to inference."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = make()
    return give_noise(module, _starts_constant, _NOISE, seed)


def give_noise(
    module: Module, chosen: Callable[[str, torch.Tensor], bool], deviation: float, seed: int = 0
) -> Module:
    """Overwrite the parameters that `chosen` (name, value) picks; return the module."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.named_parameters():
            if value.numel() and chosen(name, value):
                value.copy_(torch.randn(value.shape, generator=generator) * deviation)
    return module.eval()


def _starts_constant(_: str, value: torch.Tensor) -> bool:
    return bool(value.abs().max() == 0 or (value.ndim >= 2 and value.std() < _CONSTANT))
