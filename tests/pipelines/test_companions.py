"""Which networks a machine has besides those that draw."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipelines.companions import Companions, Upscaler, find_companions
from pipelines.errors import ModelBroken
from tests.pipelines.networks import upscaler_file

TWICE = Upscaler("x2", Path("x2"), 2)
FOUR_TIMES = Upscaler("x4", Path("x4"), 4)


@pytest.mark.parametrize("scale", [2, 4])
def test_a_file_says_by_what_it_enlarges(tmp_path: Path, scale: int) -> None:
    file = upscaler_file(tmp_path, scale, "RealESRGAN")
    assert find_companions({"mine": file}, None).upscalers == (Upscaler("mine", file, scale),)


@pytest.mark.parametrize(
    ("factor", "chosen"), [(1.1, TWICE), (2.0, TWICE), (2.1, FOUR_TIMES), (9.0, FOUR_TIMES)]
)
def test_the_smallest_step_that_suffices_is_taken(factor: float, chosen: Upscaler) -> None:
    assert Companions((FOUR_TIMES, TWICE)).upscaler(factor) == chosen


def test_without_networks_there_is_none() -> None:
    assert Companions().upscaler(2.0) is None


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, file := tmp_path / "other.safetensors")
    with pytest.raises(
        ModelBroken, match=r"other\.safetensors has not the weights of a Real-ESRGAN"
    ):
        find_companions({"mine": file}, None)


def test_a_pickle_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    torch.save({"conv_first.weight": torch.zeros(8, 3, 3, 3)}, file := tmp_path / "x.safetensors")
    with pytest.raises(ModelBroken, match=r"x\.safetensors is not a safetensors file"):
        find_companions({"mine": file}, None)
    with pytest.raises(ModelBroken, match="is not a safetensors file"):
        find_companions({}, file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match=r"gone\.safetensors"):
        find_companions({"mine": tmp_path / "gone.safetensors"}, None)
