"""What a step costs is measured on the code path of serving, and looked up the second time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipelines.catalog import StandIn
from pipelines.costbook import CostBook
from pipelines.families.qwen_image import EDIT
from pipelines.memory import Models
from pipelines.merge import Digests
from pipelines.parity.registry import CASES
from pipelines.trial import draw_trial
from pipelines.warmup import warm_up
from tests.pipelines.residents import resident


class Ticks:
    """A clock that goes on at each look: every timed forward takes a second, or as told."""

    def __init__(self) -> None:
        self.looks = 0
        self.now_s = 0.0
        self.tick_s: Callable[[], float] = lambda: 1.0

    def __call__(self) -> float:
        self.looks += 1
        self.now_s += self.tick_s()
        return self.now_s


@pytest.mark.parametrize(("family", "calls_per_step"), [("auraflow", 1), ("ovis", 2)])
def test_a_step_costs_as_many_forwards_as_the_pipeline_makes(
    family: str, calls_per_step: int
) -> None:
    cost = warm_up(resident(family), Digests(), CostBook(None), Ticks())
    assert cost.points[0][1] == calls_per_step
    assert len(cost.points) == 4  # a forward of any size takes a second here, so more rows pay


def test_a_cost_that_is_known_is_not_measured_again(tmp_path: Path) -> None:
    book, clock, model = CostBook(tmp_path / "costs.json"), Ticks(), resident("auraflow")
    first = warm_up(model, Digests(), book, clock)
    looks = clock.looks
    assert warm_up(model, Digests(), book, clock) == first
    assert clock.looks == looks


@pytest.mark.parametrize(("all_s", "kept"), [(0.5, 2), (0.9, 1)], ids=["pay", "do not pay"])
def test_threads_are_kept_only_where_they_pay(all_s: float, kept: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        clock = Ticks()
        clock.tick_s = lambda: all_s if torch.get_num_threads() == 2 else 1.0
        warm_up(resident("auraflow"), Digests(), CostBook(None), clock, choose_threads=True)
        assert torch.get_num_threads() == kept
    finally:
        torch.set_num_threads(before)


def test_a_model_that_cannot_draw_does_not_become_ready() -> None:
    model = resident("auraflow")
    model.pipe.vae.decode = None
    with pytest.raises(TypeError):
        warm_up(model, Digests(), CostBook(None), Ticks())


def test_a_model_is_tried_with_the_pipeline_that_draws_from_words() -> None:
    """Qwen-Image-Edit's own pipeline refuses to draw without a picture."""
    pipe = CASES["qwen_image edit 2511"].build()
    pipe.set_progress_bar_config(disable=True)
    limits = replace(EDIT.limits, min_side=32, max_side=64)
    small = replace(EDIT, limits=limits, min_pixels=32 * 32, max_pixels=64 * 64)
    model = Models(torch.device("cpu")).add(
        StandIn("edits", EDIT.name, Path(), "none"), small, pipe
    )
    assert draw_trial(model, Digests()).pixels is not None
