"""A network's matte lies over the picture it was made of."""

import numpy as np
import pytest
import torch

from pipelines.post.cutout import Cutter
from tests.pipelines.networks import small_birefnet

CPU = torch.device("cpu")


class Bright(torch.nn.Module):
    """Takes what is bright for the subject."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return 20 * (pictures.mean(dim=1, keepdim=True) - 0.5)


def test_the_subject_is_where_the_network_sees_it_whatever_the_shape() -> None:
    pixels = np.full((60, 200, 3), 10, np.uint8)
    pixels[20:40, 50:90] = 250
    opacity = Cutter(Bright(), CPU, torch.float32, side_px=64).opacity(pixels)
    assert opacity.shape == (60, 200)
    assert opacity[24:36, 56:84].min() > 250
    assert opacity[:14].max() == opacity[:, 100:].max() == 0


def test_a_real_network_gives_a_matte() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (70, 50, 3), dtype=np.uint8)
    cutter = Cutter(small_birefnet(), CPU, torch.float32, side_px=64)
    with torch.no_grad():
        opacity = cutter.opacity(pixels)
    assert opacity.shape == (70, 50)
    assert len(np.unique(opacity)) > 10
    assert cutter.took_s > 0


def test_a_matte_that_is_not_finite_is_an_error_and_no_black_picture() -> None:
    class Broken(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures[:, :1] * float("nan")

    with pytest.raises(FloatingPointError):
        Cutter(Broken(), CPU, torch.float32, side_px=64).opacity(np.zeros((8, 8, 3), np.uint8))
