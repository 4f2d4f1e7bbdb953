"""What is drawn for a picture of a wanted size, and how it comes to measure that.

A picture as large as the model draws is drawn so, and what the grid adds is cut off. A larger one
is drawn as large as the model draws best and enlarged, a smaller one averaged down. Pure; the size
was legal for the named model before anybody asked here.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pipelines.companions import Companions
from pipelines.errors import UnsupportedValue
from pipelines.families.base import Family
from pipelines.types import Size

Upscale: TypeAlias = Literal["allow", "deny"]
"""What an operator wants of sizes above what a model draws."""

Resample: TypeAlias = Literal["none", "crop", "area", "lanczos"]
"""How a drawn picture becomes one of the wanted size, where no network does it."""

_SMALLEST_SHARE_KEPT = 0.5
"""A picture so long that less than this share of the drawn one would remain is refused."""
_WORTH_A_NETWORK = 1.2
"""Up to this factor Lanczos cannot be told from a network's work, which changes what it touches."""


@dataclass(frozen=True, slots=True)
class SizePlan:
    """One picture's way from what is drawn to what is answered."""

    native: Size
    size: Size
    resample: Resample
    upscaler: str | None = None
    """The network that enlarges it first."""

    @property
    def said(self) -> str:
        """For the header that tells of it."""
        return self.upscaler or self.resample


@dataclass(frozen=True, slots=True)
class SizePolicy:
    """What this machine does about sizes that a model does not draw."""

    upscale: Upscale = "allow"
    companions: Companions = field(default_factory=Companions)

    def plan(self, drawer: Family, size: Size) -> SizePlan:
        """Raises: UnsupportedValue: naming what the model that draws here can do."""
        native = drawer.native_size(size)
        _check_aspect(native, size)
        if native == size:
            return SizePlan(native, size, "none")
        if is_cropped(native, size, drawer.limits.grid):
            return SizePlan(native, size, "crop")
        factor = max(size.width / native.width, size.height / native.height)
        if factor <= 1:
            return SizePlan(native, size, "area")
        if self.upscale == "deny":
            raise UnsupportedValue(
                f"'{size}' is larger than the model that draws here can fill, and this server does "
                f"not enlarge pictures: the largest of this shape is '{native}'.",
                "size",
            )
        upscaler = self.companions.upscaler(factor) if factor > _WORTH_A_NETWORK else None
        return SizePlan(native, size, "lanczos", upscaler.name if upscaler else None)


def is_cropped(native: Size, size: Size, grid: int) -> bool:
    """Whether what is drawn is what is wanted and less than a step of the grid more."""
    return 0 <= native.width - size.width < grid and 0 <= native.height - size.height < grid


def _check_aspect(native: Size, size: Size) -> None:
    """A stand-in that cannot draw so long a picture loses part of it: refuse before it is most."""
    kept = (native.width * size.height) / (native.height * size.width)
    if min(kept, 1 / kept) < _SMALLEST_SHARE_KEPT:
        raise UnsupportedValue(
            f"'{size}' is longer than the model that draws here can fill: it draws {native} and "
            "would lose more than half of it.",
            "size",
        )
