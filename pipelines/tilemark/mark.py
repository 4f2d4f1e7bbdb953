"""Hides a 64-bit id in a picture, and finds it again in copies: the front door of the mark.

Takes pixels and a key, gives pixels or what was found with the chance that it is none. It is for
honest channels: it survives what happens to pictures on their way, not somebody who wants it gone.
Knows no files, no settings, and nobody who asked.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pipelines.tilemark import geometry
from pipelines.tilemark.applying import applied
from pipelines.tilemark.canonical import SIDE, canonical, luma
from pipelines.tilemark.carriers import layout
from pipelines.tilemark.detection import UPRIGHT, Detector
from pipelines.tilemark.embedding import residual
from pipelines.tilemark.geometry import Round
from pipelines.tilemark.hiding import contrast, flat_share, hiding
from pipelines.tilemark.payload import TAG_BITS, Payload
from pipelines.tilemark.waves import Waves
from pipelines.types import Pixels, Size

Depth: TypeAlias = Literal["fast", "deep", "exhaustive"]
"""How far to look: at the picture as it is, turned or mirrored; also for crops, small rotations
and stretches; also for crops that were rotated or mirrored."""

_ROUNDS: Mapping[Depth, Callable[[], Iterator[Round]]] = {
    "fast": lambda: iter(()),
    "deep": geometry.deep,
    "exhaustive": lambda: itertools.chain(geometry.deep(), geometry.exhaustive()),
}

LEAST_SIDE_PX = 384
"""A smaller picture has too few pixels: at 320 half of the copies at JPEG 50 are lost."""
_LEAST_READABLE_PX = 32
"""No copy of a marked picture is read below this."""
_LONGEST = 16
"""Long sides over the short one. A narrower strip has not one whole tile across."""
_STRONGEST, _STRONGEST_FLAT = 2.0, 1.25
_MOSTLY_FLAT = 0.6
_LEAST_MARGIN = 0.9


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture with its mark, or as it came with the reason why it bears none."""

    pixels: Pixels = field(repr=False)
    strength: float
    carried: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found in a picture."""

    ident: int | None
    sync_z: float
    """How well the best place fitted the key, in deviations of chance. It never decides."""
    geometry: str
    """What happened to the picture, as far as the search can tell."""
    decodes: int
    false_positive_bound: float
    """The chance that an unmarked picture gives an id: one in 2 ** 32 for each decode tried."""
    complete: bool
    """Whether an id was found, or everything looked at that this depth asks for."""


def too_small(size: Size) -> str:
    """Why no picture of this size bears a mark; nothing where it may."""
    short, long = size.short_side, max(size.width, size.height)
    if short < LEAST_SIDE_PX:
        return f"the short side is {short} px, and a mark needs at least {LEAST_SIDE_PX}"
    if long > _LONGEST * short:
        return f"the long side is more than {_LONGEST} times the short one"
    return ""


class TileMark:
    """Marks and reads for one key. Any number of threads may use it at once."""

    def __init__(self, key: bytes, tag_bits: int = TAG_BITS) -> None:
        self._payload = Payload(key, tag_bits)
        self._layout = layout(key, self._payload.coded)
        self._detector = Detector(self._layout, self._payload)

    def embed(self, pixels: Pixels, ident: int) -> Embedded:
        """Mark pixels with an id. The same pixels, id and key give the same pixels.

        Shapes: [height, width, 3] or [height, width, 4]; opacity and clear pixels stay as they are.
        """
        height, width = pixels.shape[:2]
        if why := too_small(Size(width, height)):
            return Embedded(pixels, 0.0, carried=False, why=why)
        plane = canonical(luma(pixels))
        detail = contrast(plane)
        strongest = _STRONGEST_FLAT if flat_share(detail) > _MOSTLY_FLAT else _STRONGEST
        waves = Waves(self._layout, self._payload.signs(ident))
        shrink = min(1.0, math.sqrt(height * width) / (2 * SIDE))
        added = residual(plane, hiding(plane, detail), waves, strongest, shrink)
        marked = applied(pixels, added.plane)
        if added.margin < _LEAST_MARGIN and self.detect(marked).ident != ident:
            return Embedded(
                pixels, 0.0, carried=False, why="too little of the picture takes a mark"
            )
        return Embedded(marked, added.strength, carried=True)

    def detect(self, pixels: Pixels, depth: Depth = "fast", seconds: float = math.inf) -> Detection:
        """Look for a mark; after so many seconds only what was begun is brought to an end."""
        short, long = sorted(pixels.shape[:2])
        if short < _LEAST_READABLE_PX or long > _LONGEST * short:
            return Detection(None, 0.0, UPRIGHT, 0, 0.0, complete=True)
        found = self._detector.find(luma(pixels), _ROUNDS[depth](), seconds)
        return Detection(
            ident=found.ident,
            sync_z=found.z,
            geometry=found.geometry,
            decodes=found.decodes,
            false_positive_bound=found.decodes * self._payload.chance,
            complete=found.complete,
        )
