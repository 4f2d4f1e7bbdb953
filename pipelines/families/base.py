"""What a family says about its pipelines: how our words become that pipeline's arguments.

A family holds no model code and imports no torch: the API process reads it too, to apply the size
and guidance policies before a worker hears of the request.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from pipelines.types import ImageRequest, Limits, Size

Quality: TypeAlias = Literal["low", "standard", "high"]
"""How much work a picture is worth; each dialect maps its own words onto these three."""


USUAL_SCALE = 5.5
"""The API's guidance scale when nobody says one; its range is 1 to 10."""
MEGAPIXEL_TOKENS = Size(1024, 1024).tokens
"""What a reference becomes at most in the pipelines that look at it beside their own picture."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a family's pipelines take besides a prompt. What they do not take is disclosed."""

    references: int = 0
    """Pictures that one request can begin from."""
    mask: bool = False
    """Whether part of the first reference can be kept."""
    negative_prompt: bool = True
    guidance: bool = True
    """False for distilled models, which had theirs in training."""
    tokens_per_reference: float = 0.0
    """Most image tokens that each reference adds to every step; 0 where one is only drawn over."""
    plain_ground: str = ", isolated on a plain light-grey background, no shadow"
    """What follows a prompt whose picture will be cut out of its background."""
    enlarges_references: bool = False
    """Whether smaller ones take as many."""
    guessed: bool = False
    """Whether its arguments are guesses: what a pipeline's call does not take is left out."""

    def step_tokens(self, request: ImageRequest) -> float:
        """Image tokens that a step of this request takes."""
        most, own = self.tokens_per_reference, [one.size.tokens for one in request.references]
        return request.size.tokens + sum(
            most if self.enlarges_references else min(tokens, most) for tokens in own
        )


class Family(Protocol):
    """What a family answers; the arithmetic behind it is `pipelines.families.recipe`."""

    @property
    def name(self) -> str:
        """The word by which the registry and the catalogue know it."""
        ...

    @property
    def limits(self) -> Limits:
        """What its pipeline can draw."""
        ...

    @property
    def abilities(self) -> Abilities:
        """What its pipelines take besides a prompt."""
        ...

    def native_size(self, wanted: Size) -> Size:
        """What the pipeline draws for a picture of the wanted size: on the grid, same aspect."""
        ...

    def steps(self, quality: Quality) -> int:
        """How many denoising steps a picture of this quality takes."""
        ...

    def guidance(self, scale: float | None, usual: float = USUAL_SCALE) -> float:
        """The API's guidance scale (1 to 10, None when not said) in this family's own meaning.

        `usual` is what the named model takes when nothing is said.
        """
        ...

    def pipeline(self, request: ImageRequest) -> str | None:
        """The diffusers class that draws this request on the stand-in's components.

        None for the class that the stand-in's own folder names.
        """
        ...

    def arguments(self, request: ImageRequest) -> dict[str, object]:
        """Keyword arguments of the pipeline's `__call__`, except generator and output_type."""
        ...
