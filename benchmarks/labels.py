"""What it costs to label a picture, and what labels look like.

Times are of the processor, whatever else the machine does: of the first label of a size, of all
later ones on the pixels themselves, and on a copy of them. The sheet shows every style, script and
corner on grounds that are hard to write on.

    python -m benchmarks.labels [--quick] [--json]
    python -m benchmarks.labels --sheet docs/labels.png
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from pipelines.label.label import CHINESE, ENGLISH, Label, draw_label, label_in_place
from pipelines.label.lettering import letters
from pipelines.types import Pixels

SIDES = (1024, 2048, 4096)
ROUNDS = 30
SHEET = (
    Label(CHINESE, corner="bottom-right"),
    Label(ENGLISH, corner="bottom-left"),
    Label(CHINESE, "plate", "top-left"),
    Label(ENGLISH, "compact", "top-right"),
)
"""What every picture of the sheet is labelled with."""
_SHEET_PX = 320
_GAP_PX = 8
_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Timing:
    """Units: milliseconds of one thread; the least of some rounds, but for the first."""

    text: str
    side: int
    first: float
    in_place: float
    copied: float


def timings(sides: Sequence[int], rounds: int) -> Iterator[Timing]:
    """Time labels on square pictures of noise, which need halo and plate."""
    for side in sides:
        pixels = noise(side)
        for text in (CHINESE, ENGLISH):
            label = Label(text)
            letters.cache_clear()
            first = _ms(partial(label_in_place, pixels, label), 1)
            in_place = _ms(partial(label_in_place, pixels, label), rounds)
            copied = _ms(partial(draw_label, pixels, label), rounds)
            yield Timing(text, side, first, in_place, copied)


def sheet() -> Pixels:
    """All grounds with all labels, side by side."""
    pictures = list(grounds(_SHEET_PX).values())
    for picture in pictures:
        for label in SHEET:
            label_in_place(picture, label)
    step = _SHEET_PX + _GAP_PX
    rows = -(-len(pictures) // _COLUMNS)
    drawn = np.full((rows * step - _GAP_PX, _COLUMNS * step - _GAP_PX, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // _COLUMNS * step, index % _COLUMNS * step
        drawn[top : top + _SHEET_PX, left : left + _SHEET_PX] = picture
    return drawn


def grounds(side: int) -> Mapping[str, Pixels]:
    """Even, soft, coloured and restless pictures."""
    rows, columns = np.mgrid[:side, :side] / side
    return {
        "white": _grey(np.full_like(rows, 255)),
        "black": _grey(np.zeros_like(rows)),
        "mid grey": _grey(np.full_like(rows, 120)),
        "sky": _colours(90 + 120 * rows, 150 + 80 * rows, 235 + 0 * rows),
        "dusk": _colours(230 - 190 * rows, 120 - 90 * rows, 90 + 0 * rows),
        "ramp": _grey(255 * columns),
        "clouds": clouds(side, seed=1, level=150, spread=55),
        "night": clouds(side, seed=2, level=45, spread=30),
        "forest": clouds(side, seed=3, level=105, spread=48, falloff=0.85),
        "stripes": _grey(255.0 * ((rows * 24).astype(int) % 2)),
        "checker": _grey(255.0 * (((rows * 40).astype(int) + (columns * 40).astype(int)) % 2)),
        "noise": noise(side // 2).repeat(2, axis=0).repeat(2, axis=1),
    }


def clouds(side: int, seed: int, level: float, spread: float, falloff: float = 0.62) -> Pixels:
    """Soft colours with detail of all sizes, as photographs have."""
    chance = np.random.default_rng(seed)
    drawn = np.zeros((side, side, 3))
    hues = np.array([1.0, 0.7, 0.5])
    for octave in range(1, 8):
        cells = 2**octave
        coarse = Image.fromarray(chance.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        fine = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), np.float64)
        light, tint = fine[..., :1] - 127.5, fine[..., 1:2] - 127.5
        drawn += (light + 0.5 * (hues - hues.mean()) * tint) * falloff**octave
    drawn *= spread / drawn.std()
    return np.clip(drawn + level, 0, 255).astype(np.uint8)


def noise(side: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def _grey(plane: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Pixels:
    return _colours(plane, plane, plane)


def _colours(*planes: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Pixels:
    return np.stack(planes, axis=2).astype(np.uint8)


def _ms(work: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began_s = time.thread_time()
        work()
        taken.append(time.thread_time() - began_s)
    return 1000 * min(taken)


def table(timed: Sequence[Timing]) -> Table:
    """The times for people."""
    grid = Table(title="label, ms of one thread")
    for heading in ("text", "picture", "first of a size", "in place", "on a copy"):
        grid.add_column(heading, justify="left" if heading == "text" else "right")
    for one in timed:
        times = (f"{ms:.1f}" for ms in (one.first, one.in_place, one.copied))
        grid.add_row(one.text, f"{one.side}²", *times)
    return grid


def main() -> None:
    """Measure and print, or draw the sheet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one size, three rounds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="draw the sheet instead")
    options = parser.parse_args()
    if options.sheet is not None:
        Image.fromarray(sheet()).save(options.sheet, optimize=True)
        return
    quick = SIDES[:1], 3
    timed = list(timings(*(quick if options.quick else (SIDES, ROUNDS))))
    if options.json:
        sys.stdout.write(json.dumps([asdict(one) for one in timed], indent=2) + "\n")
        return
    Console().print(table(timed))


if __name__ == "__main__":
    main()
