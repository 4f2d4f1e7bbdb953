"""Parity cases of the weights that are here, so that users can prove their own models."""

from typing import Any

import torch

from pipelines.catalog import StandIn, family_of
from pipelines.checkpoint import read_stand_in
from pipelines.parity.case import Arguments, Case
from pipelines.types import ImageRequest, Size
from pipelines.variants import build_variant

PROMPTS = (
    "a red apple on a white ground",
    "a cat in the snow at night, seen from far away, in watercolor style",
    "夜空中的一颗黄色星星",
    "a tree",
)
_GUIDANCE = (2.0, 6.0, 4.0, 8.0)
"""On the API's scale; the family maps it."""
_STEPS = (6, 9, 4, 7)


def installed_case(stand_in: StandIn, device: torch.device) -> Case:
    """Four unlike requests to a stand-in, with its family's own arguments."""
    own = family_of(stand_in)
    size = own.native_size(Size(1024, 1024))

    def build() -> Any:
        pipe, name = read_stand_in(stand_in, device).to(device), own.pipeline(wanted(0))
        return pipe if name is None else build_variant(pipe, name)

    def wanted(number: int) -> ImageRequest:
        return ImageRequest(
            id=f"request-{number}",
            model=stand_in.name,
            prompt=PROMPTS[number],
            size=size,
            steps=_STEPS[number],
            guidance=own.guidance(_GUIDANCE[number]),
            seed=number,
        )

    def arguments(number: int) -> Arguments:
        return dict(own.arguments(wanted(number)))

    return Case(f"{stand_in.name} (installed)", build, call={}, prompts=PROMPTS, vary=arguments)
