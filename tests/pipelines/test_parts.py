"""Pipelines whose parts the engine does not know, or must not take."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import FluxTransformer2DModel
from diffusers.guiders import ClassifierFreeGuidance, SkipLayerGuidance

from pipelines.catalog import StandIn
from pipelines.errors import ModelBroken
from pipelines.families import family
from pipelines.memory import Models
from pipelines.merge import run
from pipelines.parity.case import Case
from pipelines.parity.compare import draw_alone, draw_with_engine
from pipelines.parity.composed import build_flux3
from pipelines.parity.registry import CASES

CPU = torch.device("cpu")


class HomeMade(FluxTransformer2DModel):
    """A denoiser that no rule was ever proved for."""


@pytest.fixture
def home_made() -> Case:
    case = CASES["flux"]

    def build() -> Any:
        pipe = case.build()
        pipe.transformer.__class__ = HomeMade
        return pipe

    return replace(case, build=build)


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "pipelines.parts"]


def test_an_unknown_denoiser_draws_unbatched_and_says_so_once(
    home_made: Case, caplog: pytest.LogCaptureFixture
) -> None:
    with torch.no_grad():
        together = draw_with_engine(home_made, run, CPU)
        first = home_made.arrivals()[0]
        alone = draw_alone(home_made, first, CPU)
    assert {forward.calls for forward in together.forwards} == {1}
    assert torch.equal(together.drawings[first.id].latents, alone.latents)
    assert len(together.drawings) == len(home_made.arrivals())
    (warning,) = warnings_of(caplog)
    assert "HomeMade" in warning
    assert "one by one" in warning


def test_nothing_is_said_of_a_denoiser_with_a_rule(caplog: pytest.LogCaptureFixture) -> None:
    with torch.no_grad():
        draw_with_engine(CASES["flux"], run, CPU)
    assert not warnings_of(caplog)


def test_a_guider_that_changes_the_shared_model_is_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)
    pipe, models = build_flux3(), Models(CPU)
    stand_in = StandIn("flux3", family="flux", folder=Path(), licence="none")
    pipe.guider = SkipLayerGuidance(skip_layer_guidance_layers=[0])
    with pytest.raises(ModelBroken, match="SkipLayerGuidance"):
        models.add(stand_in, family("flux"), pipe)
    pipe.guider = ClassifierFreeGuidance()
    models.add(stand_in, family("flux"), pipe)
