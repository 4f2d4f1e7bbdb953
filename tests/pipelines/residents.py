"""Tiny pipelines of the parity suite as models on a device, for tests of what an engine learns."""

from pathlib import Path

import torch

from pipelines.catalog import StandIn
from pipelines.families.embedded import FAMILY
from pipelines.memory import Models, Resident
from pipelines.parity.case import Arguments
from pipelines.parity.registry import CASES
from pipelines.types import ImageRequest


class Fixed:
    """A family whose every request is the same call."""

    name = "fixed"
    limits = FAMILY.limits
    abilities = FAMILY.abilities
    pipeline = FAMILY.pipeline
    native_size = FAMILY.native_size
    steps = FAMILY.steps
    guidance = FAMILY.guidance

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        return dict(self._arguments)


def resident(family: str) -> Resident:
    case, models = CASES[family], Models(torch.device("cpu"))
    pipe = case.build()
    pipe.set_progress_bar_config(disable=True)
    stand_in = StandIn(family, family, Path(), "none")
    arrival = case.arrivals()[0]
    fixed = Fixed({**arrival.arguments, "num_inference_steps": 2})
    return models.add(stand_in, fixed, pipe)
