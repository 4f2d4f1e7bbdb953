"""The loop over the real small model: sharing, failing, cancelling, answering once."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from pipelines.build import build_engine
from pipelines.catalog import EMBEDDED
from pipelines.engine import Engine
from pipelines.errors import Cancelled, UnknownModel
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, merge, run, split
from pipelines.options import EngineOptions
from pipelines.types import ImageRequest, Size
from tests.pipelines.drawing import SIDE, Books, Watched, difference, drain, engine, request, stock

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


def test_the_prediction_of_what_is_left_knows_how_long_decoding_took(models: Models) -> None:
    now_s = 0.0
    left: dict[str, list[float]] = {}

    class Told(Books):
        def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None:
            super().progress(request_id, step, steps, eta_s)
            left.setdefault(request_id, []).append(eta_s)

    def slowly(calls: Sequence[Call]) -> list[Any]:
        nonlocal now_s
        now_s += {Lane.DENOISE: 1.0, Lane.DECODE: 5.0}.get(calls[0].lane, 0.0)
        return run(calls)

    models.get(EMBEDDED.name).decoding.s_per_token = 0.0
    drawing = Engine(models, Told(), run=slowly, clock=lambda: now_s)
    for name in ("first", "second"):
        drawing.submit(request(name))
        drain(drawing)
    assert left["first"][-1] == pytest.approx(0.0), "nobody has seen it decode yet"
    assert left["second"][-1] == pytest.approx(5.0)
    drawing.submit(request("larger", size=Size(2 * SIDE, SIDE)))
    drain(drawing)
    assert left["larger"][-1] == pytest.approx(10.0)


def test_the_same_request_twice_gives_the_same_bytes(models: Models) -> None:
    pictures = []
    for _ in range(2):
        books = Books()
        drawing = engine(models, books)
        drawing.submit(request("a"))
        drain(drawing)
        pictures.append(books.pictures["a"])
    assert difference(*pictures) == 0
    assert difference(pictures[0], stock(models, request("a", seed=8))) > 3, (
        "another seed is another picture"
    )


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
    drawing.submit(request("wide", size=Size(192, 128)))
    drain(drawing)
    assert set(watched.shared) == {1}
    assert books.pictures["wide"].shape == (128, 192, 3)


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


def test_a_model_that_is_not_loaded_is_refused_and_not_accepted(models: Models) -> None:
    books = Books()
    drawing = engine(models, books)
    with pytest.raises(UnknownModel, match="no-such-model"):
        drawing.submit(request("a", model="no-such-model"))
    assert drawing.idle
    assert not books.errors


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
    native = Size(256, 256)
    assert cost.points[0][0] == native.tokens
    assert native.tokens <= cost.knee <= cost.points[-1][0]
    wanted = ImageRequest("a", EMBEDDED.name, "a tree", native, steps=2, guidance=3.0, seed=0)
    drawing.submit(wanted)
    drain(drawing)
    assert books.pictures["a"].shape == (256, 256, 3)


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
