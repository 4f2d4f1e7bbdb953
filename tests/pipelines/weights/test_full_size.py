"""The lock of the project against the code: full-size models on the meta device, byte for byte.

Nothing is downloaded. A file that belonged to another model, or a wrong size, would not fit.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    AutoencoderKLFlux2,
    AutoencoderKLQwenImage,
    Flux2Transformer2DModel,
    QwenImageTransformer2DModel,
    ZImageTransformer2DModel,
)

from pipelines.weights.lock import read_lock

LOCK = read_lock(Path(__file__).parents[3] / "weights.lock")


def klein(layers: int = 5) -> Any:
    return Flux2Transformer2DModel(
        num_layers=layers,
        num_single_layers=20,
        num_attention_heads=24,
        joint_attention_dim=7680,
        guidance_embeds=False,
    )


def locked_bytes(name: str, part: str) -> int:
    files = LOCK.get(name).files
    return sum(
        file.bytes for file in files if file.path.startswith(part) and file.path.endswith("tensors")
    )


def bytes_of(build: Callable[[], Any], element: int) -> tuple[int, int]:
    """Bytes of a model's tensors, and about how many a safetensors header about them has."""
    with torch.device("meta"):
        tensors = build().state_dict()
    head, end = {}, 0
    for name, tensor in tensors.items():
        span = [end, end + tensor.numel() * element]
        head[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": span}
        end = span[1]
    return end, len(json.dumps(head, separators=(",", ":")))


@pytest.mark.parametrize(
    ("name", "part", "build", "element"),
    [
        ("flux2-klein-4b", "transformer", klein, 2),
        ("flux2-klein-4b", "vae", AutoencoderKLFlux2, 2),
        ("z-image-turbo", "transformer", ZImageTransformer2DModel, 4),
        ("qwen-image-2512", "transformer", QwenImageTransformer2DModel, 2),
        ("qwen-image-2512", "vae", AutoencoderKLQwenImage, 2),
        ("qwen-image-edit-2511", "transformer", QwenImageTransformer2DModel, 2),
        ("qwen-image-edit-2511", "vae", AutoencoderKLQwenImage, 2),
    ],
)
def test_a_locked_model_has_just_the_bytes_of_its_class(
    name: str, part: str, build: Callable[[], Any], element: int
) -> None:
    tensors, header = bytes_of(build, element)
    assert 0.9 * header < locked_bytes(name, part) - tensors < 1.1 * header


def test_a_model_of_another_depth_does_not_fit() -> None:
    tensors, header = bytes_of(lambda: klein(layers=6), 2)
    assert abs(locked_bytes("flux2-klein-4b", "transformer") - tensors) > 100 * header
