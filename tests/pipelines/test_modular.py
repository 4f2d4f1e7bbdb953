"""Sessions on pipelines that diffusers composes of blocks."""

from typing import Any

import numpy as np
import pytest
import torch

from pipelines.merge import Digests, run
from pipelines.modular import ModularSession, session_class
from pipelines.parity.composed import CASES, build_flux3
from pipelines.parity.positioned import build_flux
from pipelines.session import Session
from pipelines.types import ImageRequest, Size

ARGUMENTS = CASES[0].call | {"prompt": "a cat", "num_inference_steps": 3}


@pytest.fixture(scope="module")
def flux3() -> Any:
    return build_flux3()


def finished(pipe: Any, **arguments: Any) -> Session:
    request = ImageRequest(
        id="a", model="m", prompt="a cat", size=Size(16, 16), steps=3, guidance=1.0, seed=5
    )
    session = session_class(pipe)(request, pipe, ARGUMENTS | arguments, Digests())
    with torch.no_grad():
        session.start()
        while session.pending:
            session.feed(run(session.pending))
    return session


def test_a_session_is_chosen_by_what_the_pipeline_is(flux3: Any) -> None:
    assert session_class(flux3) is ModularSession
    assert session_class(build_flux()) is Session


def test_guidance_goes_to_the_requests_own_guider(flux3: Any) -> None:
    shared = flux3.guider.guidance_scale
    weak, strong = finished(flux3, guidance_scale=2.0), finished(flux3, guidance_scale=9.0)
    assert weak.error is None
    assert weak.step == weak.steps == 3
    assert weak.pixels is not None
    assert strong.pixels is not None
    assert not np.array_equal(weak.pixels, strong.pixels)
    assert flux3.guider.guidance_scale == shared


def test_an_argument_that_no_block_takes_is_refused(flux3: Any) -> None:
    error = finished(flux3, strenght=0.5).error
    assert isinstance(error, TypeError)
    assert "strenght" in str(error)


def test_guidance_without_a_guider_is_refused(flux3: Any) -> None:
    guider, flux3.guider = flux3.guider, None
    try:
        error = finished(flux3, guidance_scale=2.0).error
    finally:
        flux3.guider = guider
    assert isinstance(error, TypeError)
    assert "no guider" in str(error)
