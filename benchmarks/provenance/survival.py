"""Marks pictures, sends each through everything, and counts which ids come back exactly."""

import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.provenance.attacks import HARD, STANDARD, Attack
from benchmarks.provenance.journeys import JOURNEYS
from pipelines.tilemark.mark import Depth, TileMark
from pipelines.types import Pixels

KEY = bytes(range(32))
GROUPS: Mapping[str, Mapping[str, Attack]] = {
    "standard": STANDARD, "messengers": JOURNEYS, "hard": HARD,
}  # fmt: skip
_EVERY: Mapping[str, int] = {"hard": 8}
"""Of which groups only every so many-th picture is attacked."""
_DEPTHS: Mapping[str, Depth] = {"rotate 1 + crop 8": "exhaustive"}
_PEAK = 255.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one picture's mark."""

    carried: bool
    why: str
    strength: float
    psnr_db: float
    embed_ms: float
    """Of one core: what others do meanwhile is not counted."""
    verify_ms: float
    """Of reading the mark where nothing happened."""
    found: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    """(group, attack) -> whether exactly the id came back."""


@cache
def _mark() -> TileMark:
    return TileMark(KEY)


def fate(groups: tuple[str, ...], numbered: tuple[int, Path]) -> Fate:
    """Mark a picture and attack it."""
    number, path = numbered
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB"))
    mark, ident = _mark(), ident_of(number)
    began_s = time.process_time()
    embedded = mark.embed(pixels, ident)
    embed_ms = (time.process_time() - began_s) * 1000
    if not embedded.carried:
        return Fate(False, embedded.why, 0.0, float("inf"), embed_ms, 0.0)
    began_s = time.process_time()
    mark.detect(embedded.pixels)
    verify_ms = (time.process_time() - began_s) * 1000
    marked = Image.fromarray(embedded.pixels)
    found = {
        (group, name): _read(attack(marked), name) == ident
        for group in groups
        if number % _EVERY.get(group, 1) == 0
        for name, attack in GROUPS[group].items()
    }
    return Fate(
        True, "", embedded.strength, psnr(pixels, embedded.pixels), embed_ms, verify_ms, found
    )


def ident_of(number: int) -> int:
    """An id whose bits look like chance."""
    return int(np.random.default_rng(number).integers(0, 2**63))


def fates(paths: Iterable[Path], groups: tuple[str, ...], workers: int) -> Iterator[Fate]:
    """The fate of each picture, in order."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(fate, groups), enumerate(paths))


def psnr(before: Pixels, after: Pixels) -> float:
    """Units: dB."""
    error = np.square(before.astype(np.float64) - after.astype(np.float64)).mean()
    return float(10 * np.log10(_PEAK**2 / error)) if error else float("inf")


def share(seen: Iterable[Fate], group: str, name: str | None = None) -> float:
    """How many of the attacked copies gave their id back, of one attack or of a whole group."""
    tries = [
        found
        for one in seen
        for (where, what), found in one.found.items()
        if where == group and name in (None, what)
    ]
    return statistics.mean(tries) if tries else float("nan")


def _read(attacked: Image.Image, name: str) -> int | None:
    return _mark().detect(np.asarray(attacked), _DEPTHS.get(name, "deep")).ident
