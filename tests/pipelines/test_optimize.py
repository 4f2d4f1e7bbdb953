"""Weights in eight bits or in another place: fewer bytes on the device, and the pictures meant."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from pipelines.build import build_engine
from pipelines.catalog import EMBEDDED
from pipelines.cost import StepCost
from pipelines.engine import Engine
from pipelines.errors import UnsupportedSetting
from pipelines.load import bytes_on_device, read_pipeline
from pipelines.memory import Models, Resident
from pipelines.optimize import FP8, held_bytes, predicted_bytes, store_in_fp8
from pipelines.options import EngineOptions, Offload, Storage
from pipelines.parity.compare import compare
from pipelines.parity.registry import CASES
from pipelines.shelf import Shelf
from pipelines.types import Pixels
from tests.pipelines.drawing import Books, Watched, difference, drain, request

CPU = torch.device("cpu")
WIDE = StepCost(((16.0, 0.01), (1024.0, 0.02)))
WANTED = tuple(request(name, seed=seed) for seed, name in enumerate("ab"))


def loaded(**how: Any) -> tuple[Models, Resident]:
    models = Models(CPU, **how)
    resident = models.load(EMBEDDED)
    resident.cost = WIDE
    return models, resident


def drawn(models: Models, *, together: bool) -> tuple[dict[str, Pixels], Watched]:
    books, watched = Books(), Watched()
    drawing = Engine(models, books, run=watched)
    drawing.models.get(EMBEDDED.name).cold = False
    for wanted in WANTED:
        drawing.submit(wanted)
        if not together:
            drain(drawing)
    drain(drawing)
    assert not books.errors
    return books.pictures, watched


def weights(pipe: Any, name: str) -> Iterator[torch.Tensor]:
    return iter(getattr(pipe, name).parameters())


@pytest.fixture(scope="module")
def in_fp8() -> tuple[Models, Resident]:
    return loaded(storage=Storage.FP8)


def test_denoisers_weights_are_kept_in_eight_bits_and_the_others_are_not(
    in_fp8: tuple[Models, Resident],
) -> None:
    _, resident = in_fp8
    matrices = [w for w in weights(resident.pipe, "unet") if w.ndim > 1]
    small = sum(w.numel() for w in matrices if w.dtype == FP8)
    assert small > 0.95 * sum(w.numel() for w in matrices)
    assert all(w.dtype == torch.float32 for w in weights(resident.pipe, "vae"))
    assert all(w.dtype == torch.float32 for w in weights(resident.pipe, "text_encoder"))


@pytest.mark.parametrize("storage", list(Storage))
def test_the_bytes_predicted_from_files_are_those_that_are_held(
    in_fp8: tuple[Models, Resident], models: Models, storage: Storage
) -> None:
    fp8, native = in_fp8[1], models.get(EMBEDDED.name)
    held = (fp8 if storage is Storage.FP8 else native).size_bytes
    assert bytes_on_device(EMBEDDED.folder, CPU, storage) == pytest.approx(held, rel=0.02)
    assert fp8.size_bytes < 0.5 * native.size_bytes


def test_pictures_from_eight_bits_are_near_and_company_changes_nothing(
    in_fp8: tuple[Models, Resident], models: Models
) -> None:
    alone, _ = drawn(in_fp8[0], together=False)
    together, watched = drawn(in_fp8[0], together=True)
    exact, _ = drawn(models, together=False)
    assert max(watched.shared) == 2
    for name in "ab":
        assert difference(alone[name], together[name]) <= 1
        error = np.mean((alone[name].astype(float) - exact[name]) ** 2)
        assert 0 < error < 255**2 / 10**2.5, "beyond 25 dB"


def test_sharing_forwards_in_eight_bits_changes_no_picture() -> None:
    case = CASES["flux"]

    def build() -> Any:
        pipe = case.build()
        store_in_fp8(pipe)
        return pipe

    assert compare(replace(case, build=build)).passed


@pytest.mark.parametrize("offload", [Offload.LAYERS, Offload.MODEL])
def test_what_is_offloaded_draws_the_same_bytes(models: Models, offload: Offload) -> None:
    # Without a GPU both places are this machine's memory: what is seen here is that the hooks and
    # the gates agree, not that anything moves.
    offloaded, resident = loaded(offload=offload)
    pictures, watched = drawn(offloaded, together=True)
    exact, _ = drawn(models, together=True)
    assert max(watched.shared) == 2
    assert all(difference(pictures[name], exact[name]) == 0 for name in "ab")
    assert resident.size_bytes < models.get(EMBEDDED.name).size_bytes


class Traveller(torch.nn.Linear):
    """A component that keeps a diary of where it was sent."""

    def __init__(self, name: str, diary: list[str]) -> None:
        super().__init__(1, 1)
        self.name, self.diary = name, diary

    def to(self, device: torch.device) -> "Traveller":  # type: ignore[override]
        self.diary.append(f"{self.name} to {device}")
        return self


def test_one_component_is_on_the_device_and_the_denoisers_of_a_step_are_together() -> None:
    diary: list[str] = []
    text, unet, controlnet, vae = map(
        partial(Traveller, diary=diary), ("text", "unet", "controlnet", "vae")
    )
    shelf = Shelf([[text], [vae], [unet, controlnet]], torch.device("cuda:0"))
    assert diary == [f"{name} to cpu" for name in ("text", "vae", "unet", "controlnet")]
    diary.clear()

    for called in (text, unet, controlnet, unet, vae):
        shelf.bring(called)

    assert diary == [
        "text to cuda:0",
        "text to cpu",
        "unet to cuda:0",
        "controlnet to cuda:0",
        "unet to cpu",
        "controlnet to cpu",
        "vae to cuda:0",
    ]


class Large(Traveller):
    """A component that finds no room."""

    def to(self, device: torch.device) -> "Traveller":  # type: ignore[override]
        super().to(device)
        if device != CPU:
            raise torch.OutOfMemoryError("no room")
        return self


def test_after_a_component_that_finds_no_room_the_one_before_it_is_brought_again() -> None:
    diary: list[str] = []
    text, large = Traveller("text", diary), Large("large", diary)
    shelf = Shelf([[text], [large]], torch.device("cuda:0"))
    shelf.bring(text)
    diary.clear()

    with pytest.raises(torch.OutOfMemoryError):
        shelf.bring(large)
    shelf.bring(text)

    assert diary == ["text to cpu", "large to cuda:0", "large to cpu", "text to cuda:0"]


def test_an_offloaded_component_says_that_it_is_where_its_calls_run() -> None:
    _, resident = loaded(offload=Offload.MODEL)
    for module in (resident.pipe.unet, resident.pipe.vae, resident.pipe.text_encoder):
        assert module.runs_on == CPU


def test_only_what_is_on_the_device_at_once_is_counted() -> None:
    shapes = {
        "unet": {"conv.weight": (10, 10), "norm.weight": (10,)},
        "controlnet": {"conv.weight": (5, 10)},
        "text_encoder": {"embedding.weight": (12, 10)},
        "vae": {"conv.weight": (3, 10)},
    }
    count = partial(predicted_bytes, shapes, torch.bfloat16)
    assert count(Storage.NATIVE, Offload.NONE) == 2 * (110 + 50 + 120 + 30)
    assert count(Storage.NATIVE, Offload.MODEL) == 2 * 160
    assert count(Storage.NATIVE, Offload.LAYERS) == 2 * (120 + 100)
    assert count(Storage.FP8, Offload.NONE) == 100 + 2 * 10 + 50 + 2 * 150


def test_other_formats_beside_the_loaded_weights_are_not_counted(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "unet").mkdir(parents=True)
    weights_file = next((EMBEDDED.folder / "unet").glob("*.safetensors"))
    one = bytes_on_device(folder, CPU)
    for copy in ("unet/model.safetensors", "unet/model.fp16.safetensors", "whole.safetensors"):
        (folder / copy).symlink_to(weights_file)
    assert one == 0
    pipe: DiffusionPipeline = read_pipeline(EMBEDDED.folder, CPU)
    pipe.vae = pipe.text_encoder = None
    assert bytes_on_device(folder, CPU) == held_bytes(pipe, Offload.NONE)


def test_offloading_on_a_cpu_is_refused_at_the_start() -> None:
    with pytest.raises(UnsupportedSetting, match="leave it at none"):
        build_engine(EngineOptions("cpu", threads=1, offload=Offload.LAYERS), Books())
