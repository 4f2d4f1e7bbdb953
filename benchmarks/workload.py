"""The pictures that both sides of a comparison draw: same model, size, steps, guidance, seeds."""

from pipelines.catalog import EMBEDDED
from pipelines.families import family
from pipelines.types import ImageRequest, Size

PROMPTS = (
    "a red circle on a blue ground",
    "a yellow star on a dark green ground",
    "一只橙色的猫，蓝色背景",
    "a small white house under a pink sky",
)
LARGE = Size(1024, 1024)


def wanted(number: int) -> ImageRequest:
    """The number-th picture, in the default stand-in's native size and usual steps."""
    stand_in = EMBEDDED
    drawer = family(stand_in.family)
    return ImageRequest(
        id=str(number),
        model=stand_in.name,
        prompt=PROMPTS[number % len(PROMPTS)],
        size=drawer.native_size(LARGE),
        steps=drawer.steps("standard"),
        guidance=drawer.guidance(None),
        seed=number,
    )
