"""Whether a request can be drawn at all, said before any work for the device is done.

It compares a request with what its family draws and with what the device's memory takes. Pure: no
torch, no device; what memory takes was measured or remembered by others.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.errors import UnsupportedValue
from pipelines.families.base import Family
from pipelines.types import PIXELS_PER_TOKEN, ImageRequest, Size

PIXELS_PER_MEGAPIXEL = 10**6


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one denoiser forward takes beside the weights: a line over its image tokens."""

    fixed_bytes: float
    bytes_per_token: float

    @classmethod
    def measured(cls, samples: Iterable[tuple[float, int]]) -> "Footprint | None":
        """The line through the smallest and the largest (tokens, bytes); None without samples.

        With one sample, or with none that grows, all of it is taken to grow with the tokens.
        """
        known = sorted(samples)
        if not known:
            return None
        (tokens, size_bytes), (most_tokens, most_bytes) = known[0], known[-1]
        if most_tokens > tokens and most_bytes > size_bytes:
            slope = (most_bytes - size_bytes) / (most_tokens - tokens)
            return cls(max(0.0, size_bytes - slope * tokens), slope)
        return cls(0.0, most_bytes / most_tokens)

    def tokens_within(self, size_bytes: float) -> float:
        """The most tokens that so many bytes take."""
        if self.bytes_per_token <= 0:
            return math.inf
        return max(0.0, (size_bytes - self.fixed_bytes) / self.bytes_per_token)


@dataclass(frozen=True, slots=True)
class Room:
    """What memory takes of one picture: image tokens, and why not more."""

    tokens: float = math.inf
    because: str = ""
    """To be read after "because"."""

    def smaller(self, other: "Room") -> "Room":
        return other if other.tokens < self.tokens else self


ANY_SIZE = Room()
"""Where nothing is known to be too large."""


def set_room(max_megapixels: float | None) -> Room:
    """What the operator allows."""
    if max_megapixels is None:
        return ANY_SIZE
    pixels = max_megapixels * PIXELS_PER_MEGAPIXEL
    return Room(
        pixels / PIXELS_PER_TOKEN,
        f"this server is set to draw at most {max_megapixels:g} megapixels",
    )


def measured_room(footprint: Footprint | None, free_bytes: int | None) -> Room:
    """What the measured footprint lets into the memory beside the weights."""
    if footprint is None or free_bytes is None:
        return ANY_SIZE
    return Room(
        footprint.tokens_within(free_bytes),
        f"the device has {free_bytes / 2**30:.1f} GiB beside the weights",
    )


def check(request: ImageRequest, family: Family, room: Room) -> None:
    """Refuse what cannot be drawn, naming the limit and what would be right.

    Raises: UnsupportedValue: the caller can mend it, and asking again would change nothing.
    """
    _check_size(request.size, family)
    most_steps = family.limits.max_steps
    if not 1 <= request.steps <= most_steps:
        raise UnsupportedValue(
            f"{request.steps} steps are not what {family.name} takes: ask for 1 to {most_steps}",
            "steps",
        )
    _check_pictures(request, family)
    beside = family.abilities.step_tokens(request) - request.size.tokens
    if request.size.tokens + beside > room.tokens:
        raise UnsupportedValue(
            f"{_wish(request)} cannot be drawn here because {room.because}: "
            f"{_hint(request.size, room.tokens - beside, family)}",
            "size",
        )


def _check_size(size: Size, family: Family) -> None:
    limits = family.limits
    sides = (size.width, size.height)
    if min(sides) < limits.min_side or max(sides) > limits.max_side:
        raise UnsupportedValue(
            f"{size} is not a size {family.name} draws: ask for sides of "
            f"{limits.min_side} to {limits.max_side} pixels",
            "size",
        )
    if any(side % limits.grid for side in sides):
        raise UnsupportedValue(
            f"{size} is not a size {family.name} draws: ask for sides that are multiples of "
            f"{limits.grid} pixels",
            "size",
        )


def _check_pictures(request: ImageRequest, family: Family) -> None:
    given, most = len(request.references), family.abilities.references
    if given > most:
        advice = f"send at most {most}" if most else "it draws from a prompt alone"
        raise UnsupportedValue(
            f"{given} pictures are more than {family.name} begins from: {advice}", "image"
        )
    if request.mask is not None and not family.abilities.mask:
        raise UnsupportedValue(f"{family.name} takes no mask: leave it out", "mask")


def _wish(request: ImageRequest) -> str:
    pictures = len(request.references)
    return f"{request.size} from {pictures} picture(s)" if pictures else str(request.size)


def _hint(size: Size, tokens: float, family: Family) -> str:
    """The largest size of the same shape that so many tokens are, or that there is none."""
    limits = family.limits
    scale = math.sqrt(max(0.0, tokens) / size.tokens)
    width, height = (
        math.floor(side * scale / limits.grid) * limits.grid for side in (size.width, size.height)
    )
    if min(width, height) < limits.min_side:
        return "no size of this shape fits"
    return f"ask for {Size(width, height)} or less"
