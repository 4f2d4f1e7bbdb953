"""Which sizes a named model promises, and what the caller's word for a size means.

Pure rules over the published tables; knows nothing of what the stand-in can draw natively.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from pipelines.errors import UnsupportedValue
from pipelines.types import Size

Aspect = tuple[int, int]
Tier = Mapping[Aspect, Size]

_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_RATIO = re.compile(r"(?<![\d:：])(\d{1,2})\s?[:：]\s?(\d{1,2})(?![\d:：])")
_SQUARE: Aspect = (1, 1)
_UPRIGHT: Aspect = (3, 4)
_WIDE: Aspect = (4, 3)
_ASPECT_WORDS: Mapping[str, Aspect] = MappingProxyType(
    {"竖版": _UPRIGHT, "竖屏": _UPRIGHT, "横版": _WIDE, "横屏": _WIDE}
)


def _tier(
    square: int, photo: Aspect, screen: Aspect, film: Aspect | None, cinema: Aspect | None
) -> Tier:
    """One row of the vendor's table; upright sizes are the lying ones turned."""
    sizes = {_SQUARE: Size(square, square)}
    for aspect, wide in (((4, 3), photo), ((16, 9), screen), ((3, 2), film)):
        if wide is not None:
            sizes[aspect] = Size(*wide)
            sizes[aspect[::-1]] = Size(*wide[::-1])
    if cinema is not None:
        sizes[21, 9] = Size(*cinema)
    return MappingProxyType(sizes)


TIER_1K = _tier(1024, (1152, 864), (1280, 720), (1248, 832), (1512, 648))
TIER_1K5 = _tier(1536, (1792, 1344), (2048, 1152), (1872, 1248), (2352, 1008))
TIER_2K = _tier(2048, (2304, 1728), (2848, 1600), (2496, 1664), (3136, 1344))
TIER_2K_PRO = _tier(2048, (2368, 1776), (2816, 1584), None, None)
TIER_3K = _tier(3072, (3456, 2592), (4096, 2304), (3744, 2496), (4704, 2016))
TIER_4K = _tier(4096, (4704, 3520), (5504, 3040), (4992, 3328), (6240, 2656))
"""Pixels of each tier at each aspect. Source: Volcengine Ark, image generation API, 2026."""


_UPRIGHT_EDITS = tuple(
    Size(width, min(1536, round(1024**2 / width / 32) * 32)) for width in range(512, 1024, 32)
)
EDIT_SIZES = (
    *_UPRIGHT_EDITS,
    Size(1024, 1024),
    *(Size(size.height, size.width) for size in _UPRIGHT_EDITS[::-1]),
)
"""About a megapixel at every aspect from 1:3 to 3:1, as SeedEdit chooses from; the vendor names the
ends and the middle, the rest are ours."""


def aspect_in(prompt: str) -> Aspect | None:
    """The aspect ratio a prompt asks for in so many words, None when it does not."""
    for width, height in _RATIO.findall(prompt):
        aspect = (int(width), int(height))
        if aspect in TIER_1K:
            return aspect
    return next((aspect for word, aspect in _ASPECT_WORDS.items() if word in prompt), None)


def nearest(size: Size, choices: Iterable[Size]) -> Size:
    """The choice whose aspect is nearest, the first of equals."""
    aspect = Fraction(size.width, size.height)
    return min(choices, key=lambda choice: abs(Fraction(choice.width, choice.height) - aspect))


@dataclass(frozen=True, slots=True)
class FreeSize:
    """A range of WxH. Units: pixels."""

    min_side: int = 1
    max_side: int = 99999
    min_pixels: int = 1
    max_pixels: int = 99999**2
    grid: int = 1
    max_aspect: int = 16

    def check(self, size: Size) -> None:
        """Raises: UnsupportedValue: saying which bound the size breaks."""
        sides = (size.width, size.height)
        if any(side % self.grid for side in sides):
            fault = f"width and height must be divisible by {self.grid}"
        elif not all(self.min_side <= side <= self.max_side for side in sides):
            fault = f"width and height must be within {self.min_side}..{self.max_side} pixels"
        elif size.pixels < self.min_pixels:
            fault = f"image size must be at least {self.min_pixels} pixels"
        elif size.pixels > self.max_pixels:
            fault = f"image size must be at most {self.max_pixels} pixels"
        elif max(Fraction(*sides), Fraction(*sides[::-1])) > self.max_aspect:
            fault = f"the aspect ratio must be within 1:{self.max_aspect} and {self.max_aspect}:1"
        else:
            return
        raise UnsupportedValue(f"{fault}, but got '{size}'.", "size")

    def fitted(self, size: Size) -> Size:
        """The same shape with sides within the bounds; a side that cannot be is the nearest bound.

        Knows of sides only: for ranges without a grid and without a bound on the area.
        """
        scale = min(1.0, self.max_side / max(size.width, size.height))
        scale = max(scale, self.min_side / size.short_side)
        sides = (round(side * scale) for side in (size.width, size.height))
        return Size(*(min(max(side, self.min_side), self.max_side) for side in sides))


@dataclass(frozen=True, slots=True)
class SizeRule:
    """All a named model says about sizes. What is not listed here is refused, never rounded."""

    default: Size
    words: tuple[str, ...] = ()
    """Words that leave the choice to the model: adaptive, auto."""
    listed: tuple[Size, ...] = ()
    tiers: Mapping[str, Tier] = field(default_factory=lambda: MappingProxyType({}))
    free: FreeSize | None = None
    adapted: tuple[Size, ...] = ()
    """What the model chooses from when there is a reference; empty where it keeps that one's."""

    def choose(self, said: str | None, prompt: str, reference: Size | None = None) -> Size:
        """Return the size a picture will have, which may begin from a reference of some size.

        Raises: UnsupportedValue: for a size the model does not have, naming those it has.
        """
        if said is None or said.lower() in self.words:
            return self._adapted(reference)
        if tier := self.tiers.get(said.upper()):
            aspect = aspect_in(prompt)
            if aspect is None and reference is not None:
                return nearest(reference, tier.values())
            return tier.get(aspect or _SQUARE, tier[_SQUARE])
        match = _SIZE.fullmatch(said)
        if match is None:
            raise self._unsupported(said)
        size = Size(int(match[1]), int(match[2]))
        if size in self.listed:
            return size
        if self.free is None:
            raise self._unsupported(said)
        self.free.check(size)
        return size

    def _adapted(self, reference: Size | None) -> Size:
        if reference is None or not self.words:
            return self.default
        if self.adapted:
            return nearest(reference, self.adapted)
        return reference if self.free is None else self.free.fitted(reference)

    def _unsupported(self, said: str) -> UnsupportedValue:
        names = [*map(str, self.listed), *self.tiers, *self.words]
        choices = ", ".join(f"'{name}'" for name in names)
        free = "" if self.free is None else "'<width>x<height>' in pixels, "
        return UnsupportedValue(
            f"'{said[:40]}' is not a size of this model. Supported values are: {free}{choices}.",
            "size",
        )
