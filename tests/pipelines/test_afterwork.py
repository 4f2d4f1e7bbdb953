"""Networks after the pipeline: tile by tile, between what others draw."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipelines.afterwork import Workbench, set_up
from pipelines.build import build_engine
from pipelines.companions import Companions, find_companions
from pipelines.engine import Engine
from pipelines.errors import Cancelled, ModelBroken, OutOfMemory, UnknownModel
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, run
from pipelines.options import EngineOptions
from pipelines.post.cutout import Cutter
from pipelines.post.resize import resize
from pipelines.post.upscale import Enlarger
from pipelines.types import ImageRequest, Size
from tests.pipelines.drawing import Books, difference, drain, request, stock
from tests.pipelines.networks import matting_file, small_birefnet, upscaler_file

CPU = torch.device("cpu")
TILE_PX = 64
NATIVE = Size(160, 128)
TILES = 4 * 3
LARGE = Size(500, 400)


@pytest.fixture(scope="module")
def companions(tmp_path_factory: pytest.TempPathFactory) -> Companions:
    return find_companions({"tiny": upscaler_file(tmp_path_factory.mktemp("weights"))}, None)


@pytest.fixture
def bench(companions: Companions) -> Workbench:
    bench = set_up(companions, CPU)
    for enlarger in bench.enlargers.values():
        enlarger.tile_px = TILE_PX
    return bench


def large(name: str, **changes: Any) -> ImageRequest:
    wanted = request(name, size=NATIVE, steps=2, upscaler="tiny", upscale_to=LARGE)
    return replace(wanted, **changes)


def test_a_picture_comes_back_enlarged_to_the_very_size(models: Models, bench: Workbench) -> None:
    books = Books()
    drawing = Engine(models, books, workbench=bench)
    wanted = large("a")
    drawing.submit(wanted)
    with torch.no_grad():
        drain(drawing)
        whole = next(iter(bench.enlargers.values()))
        whole.tile_px = 1024
        drawn = stock(models, wanted)
        at_once = whole.enlarge(drawn, lambda function, tile: function(tile), lambda done: None)
    assert difference(books.pictures["a"], resize(at_once, LARGE)) <= 2
    assert difference(books.pictures["a"], resize(drawn, LARGE)) > 20


def test_a_picture_without_a_network_stays_as_it_was_drawn(
    models: Models, bench: Workbench
) -> None:
    books = Books()
    drawing = Engine(models, books, workbench=bench)
    drawing.submit(large("a", upscaler=None, upscale_to=None))
    drain(drawing)
    assert books.pictures["a"].shape == (NATIVE.height, NATIVE.width, 3)


class Order:
    """Notes whose calls ran in which order; can make a tile cost a lot, or fail."""

    def __init__(self, failures: int = 0, slow: Enlarger | None = None) -> None:
        self.lanes: list[Lane] = []
        self._failures = failures
        self._slow = slow

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        lane = calls[0].lane
        if lane is Lane.FINISH and self._failures:
            self._failures -= 1
            raise torch.OutOfMemoryError
        self.lanes.append(lane)
        values = run(calls)
        if self._slow is not None:
            self._slow.s_per_pixel = 1.0
        return values


def test_others_are_drawn_between_two_tiles(models: Models, bench: Workbench) -> None:
    books, order = Books(), Order(slow=bench.enlargers["tiny"])
    drawing = Engine(models, books, workbench=bench, run=order)
    drawing.submit(large("a"))
    while order.lanes.count(Lane.FINISH) < 2:
        drawing.step()
    drawing.submit(request("b"))
    drain(drawing)
    finishes = [index for index, lane in enumerate(order.lanes) if lane is Lane.FINISH]
    denoises = [index for index, lane in enumerate(order.lanes) if lane is Lane.DENOISE]
    assert max(denoises) < finishes[2], "a short request waited for all tiles of a long one"
    assert list(books.pictures) == ["b", "a"]


def test_a_cancelled_picture_runs_no_further_tile(models: Models, bench: Workbench) -> None:
    books, order = Books(), Order()
    drawing = Engine(models, books, workbench=bench, run=order)
    drawing.submit(large("a"))
    while Lane.FINISH not in order.lanes:
        drawing.step()
    drawing.cancel("a")
    drain(drawing)
    assert isinstance(books.errors["a"], Cancelled)
    assert order.lanes.count(Lane.FINISH) == 1


def test_each_tile_is_told_of(models: Models, bench: Workbench) -> None:
    books = Books()
    drawing = Engine(models, books, workbench=bench)
    drawing.submit(large("a"))
    drain(drawing)
    assert books.steps["a"][:3] == [(1, 2), (2, 2), (2, 2)]
    assert len(books.steps["a"]) == 2 + TILES


def test_too_little_memory_for_a_tile_makes_tiles_smaller_and_forbids_no_size(
    models: Models, bench: Workbench
) -> None:
    books, enlarger = Books(), bench.enlargers["tiny"]
    enlarger.tile_px = 128
    drawing = Engine(models, books, workbench=bench, run=Order(failures=1))
    drawing.submit(large("a"))
    drain(drawing)
    assert books.pictures["a"].shape == (LARGE.height, LARGE.width, 3)
    assert enlarger.tile_px == TILE_PX
    drawing.submit(request("b", size=NATIVE))
    drain(drawing)
    assert "b" in books.pictures


def test_where_not_even_the_smallest_tile_fits_the_request_fails_by_name(
    models: Models, bench: Workbench
) -> None:
    books = Books()
    drawing = Engine(models, books, workbench=bench, run=Order(failures=9))
    drawing.submit(large("a"))
    drain(drawing)
    assert isinstance(books.errors["a"], OutOfMemory)


def test_a_network_that_is_not_here_is_refused_by_name(models: Models, bench: Workbench) -> None:
    drawing = Engine(models, Books(), workbench=bench)
    with pytest.raises(UnknownModel, match="there are: tiny"):
        drawing.submit(large("a", upscaler="realesrgan-x2plus"))


def test_an_engine_is_not_built_with_weights_of_another_network(tmp_path: Path) -> None:
    file = upscaler_file(tmp_path)
    companions = find_companions({"tiny": file}, None)
    save_file({"conv_first.weight": torch.zeros(8, 3, 3, 3)}, file)
    with pytest.raises(ModelBroken, match=r"Tiny_ESRGAN_x4\.safetensors is not of a Real-ESRGAN"):
        build_engine(EngineOptions(device="cpu", companions=companions), Books())


def test_a_picture_is_cut_out_as_it_was_drawn_and_enlarged_with_its_matte(
    models: Models, bench: Workbench
) -> None:
    cutter = Cutter(small_birefnet(), CPU, torch.float32, side_px=64)
    books, order = Books(), Order()
    drawing = Engine(models, books, workbench=replace(bench, cutter=cutter), run=order)
    drawing.submit(large("a", cut_out=True))
    drawing.submit(request("b", size=NATIVE, steps=2, cut_out=True))
    drain(drawing)
    cut, small = books.pictures["a"], books.pictures["b"]
    assert cut.shape == (LARGE.height, LARGE.width, 4)
    assert small.shape == (NATIVE.height, NATIVE.width, 4)
    assert order.lanes.count(Lane.FINISH) == TILES + 2
    with torch.no_grad():
        expected = cutter.opacity(small[..., :3])
    assert np.array_equal(small[..., 3], expected)
    drawn = stock(models, request("b", size=NATIVE, steps=2))
    assert difference(small[..., :3], drawn) <= 1, "the two shared their steps"


def test_without_a_network_nothing_is_cut_out(models: Models, bench: Workbench) -> None:
    drawing = Engine(models, Books(), workbench=bench)
    with pytest.raises(UnknownModel, match="no network that cuts subjects out"):
        drawing.submit(large("a", cut_out=True))


def test_published_weights_of_a_matte_are_loaded_with_what_training_left(tmp_path: Path) -> None:
    companions = find_companions({}, matting_file(tmp_path))
    assert set_up(companions, CPU).cutter is not None
    companions = find_companions({}, upscaler_file(tmp_path))
    with pytest.raises(ModelBroken, match="is not of a BiRefNet"):
        set_up(companions, CPU)
