"""Finds the size a model has that is nearest to one it has not, for clients that know no other.

Only where the operator wants that: otherwise such a size is refused. Pure; knows no model.
"""

import re
from collections.abc import Iterator
from itertools import product
from math import log, sqrt

from pipelines.errors import UnsupportedValue
from pipelines.types import Size
from server.contract.sizes import FreeSize, SizeRule

_PAIR = re.compile(r"(\d{1,9})\s?[xX*×]\s?(\d{1,9})")
_TIER = re.compile(r"(\d{1,2}(?:\.\d)?)[kK]")
_CHOICE = ("adaptive", "auto")
_TIER_SIDE = 1024
_AROUND = sorted(product(range(-2, 3), repeat=2), key=lambda step: abs(step[0]) + abs(step[1]))
"""Where a legal size is looked for, from the exact answer outwards. Units: steps of the grid."""


def snap(rule: SizeRule, said: str, prompt: str) -> str:
    """Return what is said itself where the model has it, else the nearest size in its own words.

    What is no size at all comes back too: whoever chooses will refuse it.
    """
    try:
        rule.choose(said, prompt)
    except UnsupportedValue:
        return _nearest_word(rule, said)
    return said


def _nearest_word(rule: SizeRule, said: str) -> str:
    if said.lower() in _CHOICE or not (rule.listed or rule.free):
        return rule.words[0] if rule.words else str(rule.default)
    if match := _TIER.fullmatch(said):
        side = round(float(match[1]) * _TIER_SIDE)
        if rule.tiers:
            return min(rule.tiers, key=lambda tier: abs(rule.tiers[tier][1, 1].width - side))
        return str(_nearest(rule, side, side))
    match = _PAIR.fullmatch(said)
    if match is None or not int(match[1]) or not int(match[2]):
        return said
    return str(_nearest(rule, int(match[1]), int(match[2])))


def _nearest(rule: SizeRule, width: int, height: int) -> Size:
    """Of equal shapes the nearest in area."""
    wanted = Size(width, height)
    if rule.free is not None:
        return next(_within(rule.free, wanted), rule.default)
    return min(rule.listed, key=lambda size: _distance(size, wanted))


def _distance(size: Size, wanted: Size) -> tuple[float, float]:
    stretch = log(size.width / size.height) - log(wanted.width / wanted.height)
    return round(abs(stretch), 2), abs(log(size.pixels / wanted.pixels))


def _within(free: FreeSize, wanted: Size) -> Iterator[Size]:
    """Legal sizes of about the wanted shape and the nearest area, the nearest first."""
    aspect = min(max(wanted.width / wanted.height, 1 / free.max_aspect), free.max_aspect)
    long = max(aspect, 1 / aspect)
    area = min(max(wanted.pixels, free.min_pixels, free.min_side**2 * long), free.max_pixels)
    area = min(area, free.max_side**2 / long)
    columns, rows = (round(side / free.grid) for side in (sqrt(area * aspect), sqrt(area / aspect)))
    for right, down in _AROUND:
        yield from _legal(free, columns + right, rows + down)
    # At the longest shape and the largest area at once, the sides only fit each other's rounding.
    for shorter in range(min(columns, rows), 0, -1):
        longer = int(shorter * long)
        yield from _legal(free, *((longer, shorter) if columns > rows else (shorter, longer)))


def _legal(free: FreeSize, columns: int, rows: int) -> Iterator[Size]:
    """The size of so many steps of the grid, if the model has it."""
    size = Size(columns * free.grid, rows * free.grid)
    if columns > 0 and rows > 0 and _is_legal(free, size):
        yield size


def _is_legal(free: FreeSize, size: Size) -> bool:
    try:
        free.check(size)
    except UnsupportedValue:
        return False
    return True
