"""Builds real architectures with random weights, made on the device where they are used.

Parameters are laid out without memory first and then filled in the wanted type: nothing is ever
held in float32 on the host. No layer starts at zero, so that pictures depend on every input.
Knows neither engine nor measurement.
"""

import torch
from accelerate import init_empty_weights  # type: ignore[import-untyped]

from benchmarks.gpu.models import Model, Network, Scale, Text

_BIAS = 0.02
"""Deviation of random biases: not zero, and small beside the matrices' output of about one."""


def empty(network: Network, scale: Scale) -> torch.nn.Module:
    """The component with parameters that have a shape and no memory; buffers are real."""
    with init_empty_weights(include_buffers=False):
        module: torch.nn.Module = network.cls(**network.config(scale))
    return module


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def pipeline(
    model: Model, scale: Scale, device: torch.device, dtype: torch.dtype
) -> torch.nn.Module:
    """The real pipeline around random components; equal calls give equal weights."""
    components = {
        model.component: filled(empty(model.denoiser, scale), device, dtype),
        "vae": filled(empty(model.vae, scale), device, dtype),
        "scheduler": model.noise_scheduler(),
        **dict.fromkeys(model.absent),
    }
    pipe: torch.nn.Module = model.pipeline(**components, **model.built_with)
    pipe.set_progress_bar_config(disable=True)  # type: ignore[operator]
    return pipe


def filled(
    module: torch.nn.Module, device: torch.device, dtype: torch.dtype, seed: int = 0
) -> torch.nn.Module:
    """Give every parameter memory on the device, and random values of ordinary size."""
    generator = torch.Generator(device).manual_seed(seed)
    for part in module.modules():
        normalises = "norm" in type(part).__name__.lower()
        for name, shape in list(part.named_parameters(recurse=False)):
            value = torch.empty(shape.shape, dtype=dtype, device=device)
            if normalises and name == "bias":
                value.zero_()
            elif normalises and not isinstance(part, torch.nn.Linear):
                value.fill_(1)
            else:
                value.normal_(0, _deviation(shape), generator=generator)
            setattr(part, name, torch.nn.Parameter(value, requires_grad=False))
    return module.to(device).eval()


def embeddings(
    text: Text, model: Model, scale: Scale, number: int, device: torch.device, dtype: torch.dtype
) -> dict[str, object]:
    """What a text encoder would have said to prompt `number`: random, equal for equal numbers."""
    generator = torch.Generator("cpu").manual_seed(1000 * number + len(text.argument))
    width = text.width(model.denoiser.config(scale))
    if not text.tokens:
        return {text.argument: torch.randn(1, width, generator=generator).to(device, dtype)}
    tokens = text.tokens[number % len(text.tokens)]
    tokens = max(4, tokens // 16) if scale is Scale.TINY else tokens
    value = torch.randn(1, tokens, width, generator=generator).to(device, dtype)
    if text.row_list:
        return {text.argument: [value[0]]}
    if text.mask is None:
        return {text.argument: value}
    return {text.argument: value, text.mask: torch.ones(1, tokens, dtype=torch.long, device=device)}


def _deviation(shape: torch.Tensor) -> float:
    """Matrices and convolutions keep the size of what goes through them."""
    return _BIAS if shape.ndim < 2 else float((shape[0].numel()) ** -0.5)
