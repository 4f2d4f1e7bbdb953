"""Forwards that can be predicted are left out, per request, and company changes nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.modeling_outputs import Transformer2DModelOutput

from pipelines.engine import Engine
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call
from pipelines.rules import Rule
from pipelines.stepcache import BUDGET, FIRST_SHARE, LAST_STEPS, MIN_STEPS, MOST_IN_A_ROW, StepCache
from pipelines.types import Pixels
from tests.pipelines.drawing import Books, Watched, difference, drain, request

STEPS = 30


def call(key: object = "main", rule: Rule | None = None) -> Call:
    return Call(Lane.DENOISE, torch.nn.Identity(), {}, (), 1, key, rule or Rule())


def line(step: int) -> torch.Tensor:
    return torch.tensor([1.0, 2.0]) * step + 3.0


def walk(cache: StepCache, outputs: Any, calls: Sequence[Call], steps: int = STEPS) -> list[int]:
    """Take all steps of a request; the steps that were computed."""
    computed = []
    for step in range(steps):
        values = [cache.answer(one, step, steps) for one in calls]
        if values[0] is None:
            cache.saw(calls, [outputs(step)] * len(calls))
            computed.append(step)
        assert cache.end_step(step) == (values[0] is not None)
    return computed


def test_what_lies_on_a_line_is_predicted_exactly() -> None:
    cache = StepCache()
    for step in range(STEPS):
        predicted = cache.answer(call(), step, STEPS)
        if predicted is None:
            cache.saw([call()], [line(step)])
        else:
            torch.testing.assert_close(predicted, line(step))
        cache.end_step(step)
    assert cache.left_out > STEPS / 3


def test_the_first_and_the_last_steps_are_computed_and_never_many_in_a_row_left_out() -> None:
    computed = walk(StepCache(), line, [call()])
    first = int(FIRST_SHARE * STEPS)
    assert computed[:first] == list(range(first))
    assert computed[-LAST_STEPS:] == list(range(STEPS - LAST_STEPS, STEPS))
    assert max(np.diff(computed)) == MOST_IN_A_ROW + 1


def test_what_changes_without_order_is_computed_at_every_step() -> None:
    torch.manual_seed(0)
    outputs = torch.randn(STEPS, 64)
    assert walk(StepCache(), lambda step: outputs[step], [call()]) == list(range(STEPS))


def test_a_smaller_budget_leaves_out_less() -> None:
    def curve(step: int) -> torch.Tensor:
        return torch.tensor([np.sin(step / 5), np.cos(step / 5)])

    left_out = [STEPS - len(walk(StepCache(b), curve, [call()])) for b in (0.0, 0.05, 0.5)]
    assert left_out[0] == 0
    assert left_out[0] < left_out[1] < left_out[2]


def test_few_steps_are_all_computed() -> None:
    few = MIN_STEPS - 1
    assert len(walk(StepCache(), line, [call()], few)) == few


def test_both_calls_of_guidance_are_left_out_together() -> None:
    cache = StepCache()
    computed = walk(cache, line, [call("with the prompt"), call("without")])
    assert cache.left_out == 2 * (STEPS - len(computed)) > 0


def test_a_net_that_feeds_the_denoiser_is_left_out_with_it() -> None:
    torch.manual_seed(0)
    residuals = torch.randn(STEPS, 64)  # of no order: what the auxiliary net says is not judged
    auxiliary, cache = call("control", Rule(auxiliary=True)), StepCache()
    for step in range(STEPS):
        answers = [cache.answer(one, step, STEPS) for one in (auxiliary, call())]
        assert (answers[0] is None) == (answers[1] is None)
        if answers[0] is None:
            cache.saw([auxiliary, call()], [(residuals[step],), (line(step),)])
        cache.end_step(step)
    assert cache.left_out


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tensor: (tensor,),
        lambda tensor: ([tensor, tensor],),
        lambda tensor: Transformer2DModelOutput(sample=tensor),
    ],
    ids=["tuple", "rows in a list", "output"],
)
def test_a_prediction_has_the_form_of_the_denoisers_answer(wrap: Any) -> None:
    cache = StepCache()
    for step in range(STEPS):
        predicted = cache.answer(call(), step, STEPS)
        if predicted is None:
            cache.saw([call()], [wrap(line(step))])
        else:
            torch.testing.assert_close(predicted, wrap(line(step)))
        cache.end_step(step)
    assert cache.left_out


@pytest.mark.parametrize(
    "one",
    [call(object()), call("kv", Rule(caches=("kv_caches",)))],
    ids=["a class without a rule", "a forward that fills a cache"],
)
def test_a_forward_that_cannot_be_judged_is_computed(one: Call) -> None:
    cache = StepCache()
    for step in range(STEPS):
        again = call(object()) if not isinstance(one.key, str) else one
        assert cache.answer(again, step, STEPS) is None
        cache.saw([again], [line(step)])
        cache.end_step(step)


def test_a_step_unlike_the_one_before_is_computed() -> None:
    cache = StepCache()
    for step in range(STEPS):
        one = call("even" if step % 2 else "odd")
        assert cache.answer(one, step, STEPS) is None
        cache.saw([one], [line(step)])
        cache.end_step(step)


def test_what_a_pipeline_writes_into_an_output_is_not_remembered() -> None:
    cache = StepCache()
    for step in range(STEPS):
        predicted = cache.answer(call(), step, STEPS)
        output = line(step)
        if predicted is None:
            cache.saw([call()], [output])
        else:
            torch.testing.assert_close(predicted, output)
        output.zero_()
        cache.end_step(step)
    assert cache.left_out


Drawn = tuple[dict[str, Pixels], int]
REQUESTS = {"a": request("a", steps=22, guidance=2.5), "b": request("b", steps=24, seed=1)}


def draw(models: Models, *ids: str, step_cache: bool = True) -> Drawn:
    """Pictures of requests that were submitted together, and the forwards they took."""
    books, watched = Books(), Watched()
    drawing = Engine(models, books, run=watched, step_cache_budget=BUDGET if step_cache else None)
    for name in ids:
        drawing.submit(REQUESTS[name])
    drain(drawing)
    assert not books.errors
    return books.pictures, sum(watched.shared)


@pytest.fixture(scope="module")
def alone(models: Models) -> Drawn:
    return draw(models, "a")


def test_a_picture_takes_fewer_forwards_and_stays_near(models: Models, alone: Drawn) -> None:
    near, fewer = alone
    exact, forwards = draw(models, "a", step_cache=False)
    assert forwards == 22
    assert fewer < 0.8 * forwards
    error = np.mean((near["a"].astype(float) - exact["a"]) ** 2)
    assert 0 < error < 255**2 / 10**4, "beyond 40 dB"


def test_company_changes_nothing_of_what_is_predicted(models: Models, alone: Drawn) -> None:
    together, _ = draw(models, "a", "b")
    assert difference(together["a"], alone[0]["a"]) <= 1
    assert difference(together["b"], draw(models, "b")[0]["b"]) <= 1
