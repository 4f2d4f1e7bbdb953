"""What fails fails alone: other requests, the loop and the worker go on, and nothing is kept."""

import gc
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.catalog import EMBEDDED
from pipelines.errors import ModelFailure, OutOfMemory
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, run
from pipelines.shelf import Shelf
from pipelines.types import Bitmap, Size
from tests.pipelines.drawing import Books, Watched, difference, drain, engine, request, stock


@pytest.fixture
def without_collection() -> Iterator[None]:
    """What is freed, is freed at once."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


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
def test_what_did_not_fit_is_let_go_before_less_is_tried(models: Models) -> None:
    activations: list[weakref.ref[torch.Tensor]] = []

    def small_device(calls: Sequence[Call]) -> list[Any]:
        assert all(one() is None for one in activations), "they take the room of the next try"
        if len(calls) > 1:
            made_so_far = torch.zeros(1)
            activations.append(weakref.ref(made_so_far))
            raise torch.OutOfMemoryError("no room for that many rows")
        return run(calls)

    books = Books()
    drawing = engine(models, books, small_device)
    for name in "abcd":
        drawing.submit(request(name, seed=ord(name)))
    drain(drawing)
    assert sorted(books.pictures) == list("abcd")
    assert len(activations) > 1


@pytest.mark.usefixtures("without_collection")
@pytest.mark.parametrize("end", ["drawn", "cancelled", "failed"])
def test_nothing_is_kept_of_a_request_that_is_over(models: Models, end: str) -> None:
    latents: list[weakref.ref[torch.Tensor]] = []

    def noting(calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE:
            latents.extend(weakref.ref(call.arguments["sample"]) for call in calls)
            if end == "failed":
                raise torch.OutOfMemoryError("nothing fits")
        return run(calls)

    books = Books()
    drawing = engine(models, books, noting)
    drawing.submit(request("a", size=Size(192, 128), preview_steps=(1,)))
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
    assert "128x128" in str(books.errors["a"])


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


def test_arguments_the_pipeline_refuses_fail_only_their_request(models: Models) -> None:
    books = Books()
    drawing = engine(models, books)
    drawing.submit(request("odd", prompt=3))  # no text: the pipeline itself says so
    drawing.submit(request("good"))
    drain(drawing)
    assert isinstance(books.errors["odd"], ModelFailure)
    assert list(books.pictures) == ["good"]


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
    base = Bitmap.of(np.zeros((128, 128, 3), np.uint8))
    drawing.submit(request("odd", references=(base,), fidelity="unheard of"))
    drain(drawing)
    assert isinstance(books.errors["odd"], ModelFailure)
    assert list(books.pictures) == ["good"]


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
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDevice(Shelf):
        def bring(self, module: torch.nn.Module) -> None:
            raise torch.OutOfMemoryError("no room for another component")

    monkeypatch.setattr(models.get(EMBEDDED.name), "shelf", FullDevice([], torch.device("cpu")))
    monkeypatch.setattr(models.get(EMBEDDED.name), "cold", False)
    books = Books()
    drawing = engine(models, books)
    drawing.submit(request("a"))
    drain(drawing)
    assert isinstance(books.errors["a"], OutOfMemory)
