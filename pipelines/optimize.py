"""What an operator may trade for memory, one function each, on a pipeline that is in host memory.

Each uses means whose hooks stay on the shared components, below the gates: nothing that a request's
beginning or end undoes.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from diffusers import DiffusionPipeline
from diffusers.hooks import apply_group_offloading

from pipelines.options import Offload, Storage
from pipelines.parts import DENOISERS, denoises
from pipelines.shelf import HOST, Shelf

FP8 = torch.float8_e4m3fn
KEPT = ("pos_embed", "patch_embed", "norm")
"""Parts of weights' names that stay as they are in fp8 storage. Source: diffusers' own default."""

Shapes = Mapping[str, tuple[int, ...]]
"""The weights of one component: name -> shape."""


def store_in_fp8(pipe: DiffusionPipeline) -> None:
    """Keep the denoisers' weights in eight bits; each layer computes in the type it had.

    Text encoders and autoencoders stay: some of them look at their weights' type to choose their
    own, and an autoencoder's rounding is seen in every pixel.
    """
    for name, module in _components(pipe):
        if denoises(name, module):
            denoiser: Any = module
            denoiser.enable_layerwise_casting(storage_dtype=FP8, compute_dtype=denoiser.dtype)


def offload_layers(pipe: DiffusionPipeline, device: torch.device) -> None:
    """Keep all weights in host memory; each layer's come for its turn, the next ahead of it."""
    for _, module in _components(pipe):
        apply_group_offloading(
            module,
            onload_device=device,
            offload_device=HOST,
            offload_type="leaf_level",
            use_stream=device.type == "cuda",
        )


def offload_models(pipe: DiffusionPipeline, device: torch.device) -> Shelf:
    """Keep one component on the device; the denoisers of a step are one."""
    denoisers = [module for name, module in _components(pipe) if denoises(name, module)]
    others = [[module] for name, module in _components(pipe) if not denoises(name, module)]
    return Shelf([*others, denoisers], device)


def held_bytes(pipe: DiffusionPipeline, offload: Offload) -> int:
    """Most bytes of a loaded pipeline's weights that are on the device at once."""
    sizes = {
        name: [w.numel() * w.element_size() for w in module.parameters()]
        for name, module in _components(pipe)
    }
    denoising = {name for name, module in _components(pipe) if denoises(name, module)}
    return _held(sizes, denoising, offload)


def predicted_bytes(
    components: Mapping[str, Shapes], dtype: torch.dtype, storage: Storage, offload: Offload
) -> int:
    """The same, of weights that are still in files."""
    sizes = {
        component: [
            math.prod(shape) * _itemsize(component, name, shape, dtype, storage)
            for name, shape in shapes.items()
        ]
        for component, shapes in components.items()
    }
    return _held(sizes, set(DENOISERS), offload)


def _held(sizes: Mapping[str, list[int]], denoising: set[str], offload: Offload) -> int:
    match offload:
        case Offload.NONE:
            return sum(map(sum, sizes.values()))
        case Offload.MODEL:
            denoisers = sum(sum(size) for name, size in sizes.items() if name in denoising)
            others = (sum(size) for name, size in sizes.items() if name not in denoising)
            return max([denoisers, *others])
        case Offload.LAYERS:
            largest = sorted(size for component in sizes.values() for size in component)[-2:]
            return sum(largest)  # the one at work, and the next one on its way


def _itemsize(
    component: str, name: str, shape: tuple[int, ...], dtype: torch.dtype, storage: Storage
) -> int:
    in_fp8 = storage is Storage.FP8 and component in DENOISERS and len(shape) > 1
    if in_fp8 and not any(part in name for part in KEPT):
        return FP8.itemsize
    return dtype.itemsize


def _components(pipe: DiffusionPipeline) -> Iterator[tuple[str, torch.nn.Module]]:
    for name, component in pipe.components.items():
        if isinstance(component, torch.nn.Module):
            yield name, component
