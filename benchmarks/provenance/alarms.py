"""Looks for marks where none are: in thousands of unmarked pictures, and with a tag cut short.

That none is found in ten thousand only shows a rate below one in some thousands. So the tag is also
cut to eight bits: each decode then finds something once in 256, and that can be counted.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.provenance.survival import KEY
from pipelines.tilemark.mark import Depth, TileMark
from pipelines.types import Pixels

SHORT_TAG_BITS = 8
_LEAST, _MOST = 512, 1024


@dataclass(frozen=True, slots=True)
class Search:
    """One search in one unmarked picture."""

    found: bool
    decodes: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Many searches."""

    pictures: int
    found: int
    decodes: int
    chance: float
    """Of one decode to find something by accident."""

    @property
    def expected(self) -> float:
        return self.decodes * self.chance

    @property
    def deviations(self) -> float:
        """How far the count lies from what is expected, in its own deviations."""
        return (self.found - self.expected) / math.sqrt(max(self.expected, 1e-9))

    @classmethod
    def of(cls, searches: Iterable[Search], tag_bits: int) -> "Tally":
        seen: Sequence[Search] = list(searches)
        return cls(
            len(seen),
            sum(search.found for search in seen),
            sum(search.decodes for search in seen),
            2.0**-tag_bits,
        )


def searches(
    paths: Sequence[Path], count: int, depth: Depth, tag_bits: int, workers: int
) -> Iterator[Search]:
    """Search so many unmarked pictures: parts of these, turned and mirrored by chance."""
    job = partial(_search, tuple(paths), depth, tag_bits)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(job, range(count), chunksize=8)


def _search(paths: tuple[Path, ...], depth: Depth, tag_bits: int, number: int) -> Search:
    found = _mark(tag_bits).detect(_part(_picture(paths[number % len(paths)]), number), depth)
    return Search(found.ident is not None, found.decodes)


def _part(picture: Pixels, number: int) -> Pixels:
    chance = np.random.default_rng(number)
    height, width = (int(chance.integers(_LEAST, _MOST + 1)) for _ in range(2))
    top, left = (
        int(chance.integers(0, whole - part + 1))
        for whole, part in zip(picture.shape, (height, width), strict=False)
    )
    part = np.rot90(picture[top : top + height, left : left + width], int(chance.integers(4)))
    return np.ascontiguousarray(part[:, :: 1 if chance.random() < 0.5 else -1])


@cache
def _mark(tag_bits: int) -> TileMark:
    return TileMark(KEY, tag_bits)


def _picture(path: Path) -> Pixels:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))
