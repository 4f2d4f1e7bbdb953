"""Two guidance calls in one forward, on tiny instances of real two-call pipelines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.lanes import Lane
from pipelines.merge import Call, Digests, run
from pipelines.parity.case import Case
from pipelines.parity.registry import CASES
from pipelines.session import Session
from pipelines.types import ImageRequest, Pixels, Size

STEPS = 6


def draw(case: Case, *, pairs: bool, **changes: Any) -> tuple[Pixels, list[int]]:
    """The picture of one request alone, and how many calls each of its forwards had."""
    pipe = case.build()
    pipe.set_progress_bar_config(disable=True)
    arguments = {**case.arguments(0), "num_inference_steps": STEPS, **changes}
    wanted = ImageRequest("a", case.family, "", Size(64, 64), STEPS, guidance=1.0, seed=3)
    session, forwards = Session(wanted, pipe, arguments, Digests()), []
    session.pairs.wanted = pairs
    with torch.no_grad():
        session.start()
        while session.pending:
            if session.pending[0].lane is Lane.DENOISE:
                forwards.append(len(session.pending))
            session.feed(run(session.pending))
    assert session.error is None, session.error
    assert session.pixels is not None
    assert session.step == STEPS
    return session.pixels, forwards


@pytest.mark.parametrize("family", ["qwen_image", "flux2_klein", "ovis", "lumina2"])
def test_from_the_second_step_on_both_guidance_calls_share_a_forward(family: str) -> None:
    paired, forwards = draw(CASES[family], pairs=True)
    apart, forwards_apart = draw(CASES[family], pairs=False)
    assert forwards == [1, 1, *[2] * (STEPS - 1)]
    assert forwards_apart == [1] * (2 * STEPS)
    assert int(np.abs(paired.astype(int) - apart).max()) <= 1


def test_a_pipeline_that_stops_making_the_second_call_starts_again_without_pairs() -> None:
    changes = {"cfg_trunc_ratio": 0.5}
    paired, forwards = draw(CASES["lumina2"], pairs=True, **changes)
    apart, forwards_apart = draw(CASES["lumina2"], pairs=False, **changes)
    assert 2 in forwards
    assert forwards[-len(forwards_apart) :] == forwards_apart
    assert np.array_equal(paired, apart)


def test_a_pipeline_that_calls_its_denoiser_once_is_never_paired() -> None:
    _, forwards = draw(CASES["flux"], pairs=True)
    assert forwards == [1] * STEPS


def test_what_is_promised_is_not_a_number_until_it_is_filled() -> None:
    """A pipeline that computed with the promise would draw NaN, which no comparison overlooks."""

    def without_first(calls: Sequence[Call]) -> list[Any]:
        outputs = run(calls)
        return outputs if len(calls) == 1 else [(outputs[0][0] * float("nan"),), outputs[1]]

    case = CASES["ovis"]
    pipe = case.build()
    pipe.set_progress_bar_config(disable=True)
    arguments = {**case.arguments(0), "num_inference_steps": STEPS}
    wanted = ImageRequest("a", case.family, "", Size(64, 64), STEPS, guidance=1.0, seed=3)
    session = Session(wanted, pipe, arguments, Digests())
    session.pairs.wanted = True
    with torch.no_grad():
        session.start()
        while session.pending:
            session.feed(without_first(session.pending))
    assert isinstance(session.error, FloatingPointError)
