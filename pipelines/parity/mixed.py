"""Families whose pictures of unlike sizes share forwards: in the model's own way, or filled up."""

from collections.abc import Sequence

from pipelines.parity import exact, masked, positioned
from pipelines.parity.case import Arguments, Case

_PLACES = ((1, 1), (3, 2), (1, 2), (2, 2))
"""Height and width of each request, in the family's smallest side."""


def _mixed(group: Sequence[Case], family: str) -> Case:
    """A family's case with pictures of four sizes."""
    case = {case.family: case for case in group}[family]
    side = case.call["height"]

    def sized(number: int) -> Arguments:
        height, width = _PLACES[number]
        return {**case.vary(number), "height": height * side, "width": width * side}

    return Case(
        f"{family} mixed sizes",
        case.build,
        case.call,
        guidance=case.guidance,
        prompts=case.prompts,
        vary=sized,
        mixes=True,
    )


CASES = (
    _mixed(masked.CASES, "z_image"),
    _mixed(exact.CASES, "ideogram4"),
    _mixed(positioned.CASES, "flux"),
    _mixed(positioned.CASES, "flux2_klein"),
)
