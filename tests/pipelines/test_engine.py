"""The loop over the real small model: sharing, failing, cancelling, answering once."""

import gc
import math
import random
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.admission import ANY_SIZE
from pipelines.catalog import EMBEDDED
from pipelines.engine import build_engine
from pipelines.errors import Cancelled, ModelFailure, OutOfMemory, UnknownModel
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, merge, run, split
from pipelines.options import EngineOptions
from pipelines.shelf import Shelf
from pipelines.types import Bitmap, ImageRequest, Size
from tests.pipelines.drawing import Books, Watched, difference, drain, engine, request, stock


@pytest.fixture
def unmarked(models: Models, monkeypatch: pytest.MonkeyPatch) -> Models:
    """The models, which will forget what did not fit them."""
    resident = models.get(EMBEDDED.name)
    monkeypatch.setattr(resident, "token_cap", math.inf)
    monkeypatch.setattr(resident, "alone_cap", ANY_SIZE)
    return models


@pytest.fixture
def without_collection() -> Iterator[None]:
    """What is freed, is freed at once."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


STAGGERED = (
    # (request, the engine step before which it arrives)
    (request("a", steps=6, guidance=2.0, seed=1, prompt="a blue square"), 0),
    (request("b", steps=9, guidance=5.0, seed=2, prompt="a cat in the snow at night"), 3),
    (request("c", steps=4, guidance=1.0, seed=3, prompt="一只橙色的猫"), 6),
    (request("d", steps=7, guidance=7.5, seed=4, prompt="flower"), 8),
)


def draw_staggered(models: Models, runner: Any) -> Books:
    books = Books()
    drawing, tick, waiting = engine(models, books, runner), 0, list(STAGGERED)
    while waiting or not drawing.idle:
        while waiting and waiting[0][1] <= tick:
            drawing.submit(waiting.pop(0)[0])
        drawing.step()
        tick += 1
    return books


def test_requests_that_arrive_at_different_steps_get_the_pictures_they_get_alone(
    models: Models,
) -> None:
    watched = Watched()
    books = draw_staggered(models, watched)
    assert max(watched.shared) == 4
    assert sum(watched.shared) == 6 + 9 + 4 + 7
    for wanted, _ in STAGGERED:
        assert difference(books.pictures[wanted.id], stock(models, wanted)) <= 1


def test_swapping_timesteps_between_rows_changes_the_pictures(models: Models) -> None:
    """The negative control of the test above: it must be able to fail."""

    def swapped(calls: Sequence[Call]) -> list[Any]:
        if len(calls) == 1:
            return run(calls)
        arguments = merge(calls)
        arguments["timestep"] = arguments["timestep"].roll(calls[0].rows, 0)
        return split(calls[0].module(**arguments, return_dict=False), calls)

    books = draw_staggered(models, swapped)
    differences = [difference(books.pictures[r.id], stock(models, r)) for r, _ in STAGGERED]
    assert max(differences) > 20


def test_the_same_request_twice_gives_the_same_bytes(models: Models) -> None:
    pictures = []
    for _ in range(2):
        books = Books()
        drawing = engine(models, books)
        drawing.submit(request("a"))
        drain(drawing)
        pictures.append(books.pictures["a"])
    assert difference(*pictures) == 0
    assert difference(pictures[0], stock(models, request("a", seed=8))) > 20


def test_a_reproducible_request_gets_the_same_bytes_in_company(models: Models) -> None:
    books, watched = Books(), Watched()
    drawing = engine(models, books, watched)
    drawing.submit(request("a", reproducible=True))
    for name in "bc":
        drawing.submit(request(name, seed=ord(name)))
    drain(drawing)
    assert difference(books.pictures["a"], stock(models, request("a"))) == 0
    assert watched.shared.count(1) == 4
    assert watched.shared.count(2) == 4


def test_reproducible_means_the_same_bytes_100_times_of_100_in_random_company(
    models: Models,
) -> None:
    books, watched, rng = Books(), Watched(), random.Random(0)
    drawing = engine(models, books, watched)
    for number in range(100):
        drawing.submit(request(f"again {number}", prompt="a tree", steps=1, reproducible=True))
        for other in range(rng.randint(0, 2)):
            name = f"company {number} {other}"
            drawing.submit(request(name, steps=rng.randint(1, 2), seed=rng.randrange(1000)))
        for _ in range(rng.randint(0, 6)):
            drawing.step()
    drain(drawing)
    expected = stock(models, request("alone", prompt="a tree", steps=1))
    for number in range(100):
        assert difference(books.pictures[f"again {number}"], expected) == 0
    assert max(watched.shared) > 1, "there was no company"


def test_other_sizes_are_drawn_in_steps_of_their_own(models: Models) -> None:
    books, watched = Books(), Watched()
    drawing = engine(models, books, watched)
    drawing.submit(request("small"))
    drawing.submit(request("wide", size=Size(96, 64)))
    drain(drawing)
    assert set(watched.shared) == {1}
    assert books.pictures["wide"].shape == (64, 96, 3)


def test_progress_is_told_step_by_step_to_the_last(models: Models) -> None:
    books = Books()
    drawing = engine(models, books)
    drawing.submit(request("a"))
    drain(drawing)
    assert books.steps["a"] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_cancelled_request_takes_no_further_step_and_its_mate_goes_on(models: Models) -> None:
    books, watched = Books(), Watched()
    drawing = engine(models, books, watched)
    drawing.submit(request("leaves"))
    drawing.submit(request("stays", seed=9))
    while len(books.steps.get("leaves", [])) < 2:
        drawing.step()
    drawing.cancel("leaves")
    assert isinstance(books.errors["leaves"], Cancelled)
    drain(drawing)
    assert watched.shared == [2, 2, 1, 1]
    assert difference(books.pictures["stays"], stock(models, request("stays", seed=9))) <= 1


def test_a_request_cancelled_before_its_first_step_never_runs(models: Models) -> None:
    books, watched = Books(), Watched()
    drawing = engine(models, books, watched)
    drawing.submit(request("a"))
    drawing.cancel("a")
    drawing.cancel("a")
    assert drawing.step() is False
    assert watched.shared == []
    assert list(books.errors) == ["a"]


def test_a_failing_row_fails_alone_and_its_mates_finish_as_if_it_had_not_been(
    models: Models,
) -> None:
    def poisoned(calls: Sequence[Call]) -> list[Any]:
        # Guidance 1 runs without the unconditional row, so the poisoned call has a single row.
        if calls[0].lane is Lane.DENOISE and any(call.rows == 1 for call in calls):
            raise ArithmeticError("a poisoned row")
        return run(calls)

    books = Books()
    drawing = engine(models, books, poisoned)
    drawing.submit(request("good", seed=1))
    drawing.submit(request("poisoned", guidance=1.0))
    drawing.submit(request("also good", seed=2))
    drain(drawing)
    assert isinstance(books.errors["poisoned"], ModelFailure)
    for name, seed in (("good", 1), ("also good", 2)):
        alone = stock(models, request(name, seed=seed))
        assert difference(books.pictures[name], alone) <= 1
    assert drawing.idle


def test_too_little_memory_for_a_merged_step_makes_smaller_steps(models: Models) -> None:
    def small_device(calls: Sequence[Call]) -> list[Any]:
        if len(calls) > 2:
            raise torch.OutOfMemoryError("no room for that many rows")
        return run(calls)

    books, watched = Books(), Watched(small_device)
    drawing = engine(models, books, watched)
    wanted = [request(name, seed=ord(name)) for name in "abcd"]
    for one in wanted:
        drawing.submit(one)
    drain(drawing)
    assert sorted(books.pictures) == list("abcd")
    assert {1, 2, 4} >= set(watched.shared) >= {2, 4}


@pytest.mark.usefixtures("without_collection")
def test_what_did_not_fit_is_let_go_before_less_is_tried(unmarked: Models) -> None:
    activations: list[weakref.ref[torch.Tensor]] = []

    def small_device(calls: Sequence[Call]) -> list[Any]:
        assert all(one() is None for one in activations), "they take the room of the next try"
        if len(calls) > 1:
            made_so_far = torch.zeros(1)
            activations.append(weakref.ref(made_so_far))
            raise torch.OutOfMemoryError("no room for that many rows")
        return run(calls)

    books = Books()
    drawing = engine(unmarked, books, small_device)
    for name in "abcd":
        drawing.submit(request(name, seed=ord(name)))
    drain(drawing)
    assert sorted(books.pictures) == list("abcd")
    assert len(activations) > 1


@pytest.mark.usefixtures("without_collection")
@pytest.mark.parametrize("end", ["drawn", "cancelled", "failed"])
def test_nothing_is_kept_of_a_request_that_is_over(unmarked: Models, end: str) -> None:
    latents: list[weakref.ref[torch.Tensor]] = []

    def noting(calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE:
            latents.extend(weakref.ref(call.arguments["sample"]) for call in calls)
            if end == "failed":
                raise torch.OutOfMemoryError("nothing fits")
        return run(calls)

    books = Books()
    drawing = engine(unmarked, books, noting)
    drawing.submit(request("a", size=Size(96, 64), preview_steps=(1,)))
    while not latents:
        drawing.step()
    if end == "cancelled":
        drawing.cancel("a")
    drain(drawing)
    assert list(books.pictures if end == "drawn" else books.errors) == ["a"]
    assert [one() for one in latents] == [None] * len(latents)


def test_a_picture_that_does_not_fit_even_alone_says_so(models: Models) -> None:
    def full_device(calls: Sequence[Call]) -> list[Any]:
        raise torch.OutOfMemoryError("nothing fits")

    books = Books()
    drawing = engine(models, books, full_device)
    drawing.submit(request("a"))
    drain(drawing)
    assert isinstance(books.errors["a"], OutOfMemory)
    assert "64x64" in str(books.errors["a"])


def test_values_that_are_not_numbers_fail_the_request_instead_of_drawing_black(
    models: Models,
) -> None:
    def broken(calls: Sequence[Call]) -> list[Any]:
        outputs = run(calls)
        if calls[0].lane is Lane.DENOISE:
            outputs = [(output[0] * float("nan"),) for output in outputs]
        return outputs

    books = Books()
    drawing = engine(models, books, broken)
    drawing.submit(request("a"))
    drain(drawing)
    assert isinstance(books.errors["a"], ModelFailure)
    assert "nan" not in str(books.errors["a"]).lower().split()


def test_a_model_that_is_not_loaded_is_refused_and_not_accepted(models: Models) -> None:
    books = Books()
    drawing = engine(models, books)
    with pytest.raises(UnknownModel, match="no-such-model"):
        drawing.submit(request("a", model="no-such-model"))
    assert drawing.idle
    assert not books.errors


def test_arguments_the_pipeline_refuses_fail_only_their_request(models: Models) -> None:
    books = Books()
    drawing = engine(models, books)
    drawing.submit(request("odd", prompt=3))  # no text: the pipeline itself says so
    drawing.submit(request("good"))
    drain(drawing)
    assert isinstance(books.errors["odd"], ModelFailure)
    assert list(books.pictures) == ["good"]


def test_gradients_stay_on_outside_the_engine(models: Models) -> None:
    books = Books()
    drawing = engine(models, books)
    drawing.submit(request("a"))
    drawing.submit(request("leaves"))
    drawing.step()
    drawing.cancel("leaves")
    drain(drawing)
    assert torch.is_grad_enabled()


def test_an_engine_measures_its_model_and_then_draws() -> None:
    books = Books()
    drawing = build_engine(EngineOptions("cpu", threads=1), books)
    drawing.load(EMBEDDED)
    cost = drawing.warm_up(EMBEDDED.name)
    native = Size(128, 128)
    assert cost.points[0][0] == native.tokens
    assert native.tokens <= cost.knee <= cost.points[-1][0]
    wanted = ImageRequest("a", EMBEDDED.name, "a tree", native, steps=2, guidance=3.0, seed=0)
    drawing.submit(wanted)
    drain(drawing)
    assert books.pictures["a"].shape == (128, 128, 3)


class BrokenPainter:
    """Stands where a model's painter would, and finds no room."""

    def paint(self, latents: torch.Tensor, size: Size) -> torch.Tensor:
        raise torch.OutOfMemoryError("no room for a preview")


def test_a_preview_that_cannot_be_painted_is_left_out_and_the_picture_drawn(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.get(EMBEDDED.name), "painter", BrokenPainter())
    monkeypatch.setattr(models.get(EMBEDDED.name), "cold", False)
    books = Books()
    drawing = engine(models, books)
    drawing.submit(request("a", preview_steps=(1, 2)))
    drain(drawing)
    assert list(books.pictures) == ["a"]
    assert books.previews == {}


def test_a_request_that_no_call_can_be_made_of_fails_alone(models: Models) -> None:
    books = Books()
    drawing = engine(models, books)
    drawing.submit(request("good"))
    base = Bitmap.of(np.zeros((64, 64, 3), np.uint8))
    drawing.submit(request("odd", references=(base,), fidelity="unheard of"))
    drain(drawing)
    assert isinstance(books.errors["odd"], ModelFailure)
    assert list(books.pictures) == ["good"]


def test_a_request_that_comes_again_after_it_was_cancelled_is_begun_once(models: Models) -> None:
    books, watched = Books(), Watched()
    drawing = engine(models, books, watched)
    drawing.submit(request("a"))
    drawing.cancel("a")
    books.errors.clear()
    drawing.submit(request("a"))
    drain(drawing)
    assert list(books.pictures) == ["a"]
    assert watched.shared == [1] * 4


@pytest.mark.parametrize("lane", [Lane.ENCODE, Lane.DENOISE])
def test_a_device_that_is_lost_ends_the_worker_and_fails_no_request(
    models: Models, lane: Lane
) -> None:
    def lost(calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is lane:
            raise torch.AcceleratorError("an illegal memory access was encountered")
        return run(calls)

    books = Books()
    drawing = engine(models, books, lost)
    for name in "ab":
        drawing.submit(request(name))
    with pytest.raises(torch.AcceleratorError):
        drain(drawing)
    assert not books.errors


def test_a_component_that_finds_no_room_fails_its_request_and_not_the_worker(
    unmarked: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDevice(Shelf):
        def bring(self, module: torch.nn.Module) -> None:
            raise torch.OutOfMemoryError("no room for another component")

    monkeypatch.setattr(unmarked.get(EMBEDDED.name), "shelf", FullDevice([], torch.device("cpu")))
    monkeypatch.setattr(unmarked.get(EMBEDDED.name), "cold", False)
    books = Books()
    drawing = engine(unmarked, books)
    drawing.submit(request("a"))
    drain(drawing)
    assert isinstance(books.errors["a"], OutOfMemory)
