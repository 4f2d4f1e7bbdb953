"""What it costs to make files of pixels, and what memory the largest pictures take.

First each stage by itself, on pixels like those a model draws. Then a real server with the embedded
model, which is asked for pictures of 4096 x 4096 in every format, alone and several at once: the
most memory that the server and its worker ever held is what counts.

    python -m benchmarks.finishing [--quick] [--json]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.serve import Server, server
from pipelines.label.label import Label, label_in_place
from pipelines.post.encode import Format, encode
from pipelines.post.matting import remove_background
from pipelines.post.resize import resize
from pipelines.types import Pixels, Size

FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp")
SIDES = (1024, 2048, 4096)
LARGEST = "4096x4096"
DRAWN_PX = 256
"""What the embedded model draws."""
_MIB = 1024
"""In the kernel's unit, KiB."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage takes for a square picture. Units: milliseconds, megabytes."""

    name: str
    side: int
    ms: float
    megabytes: float | None = None
    """Of the file."""


@dataclass(frozen=True, slots=True)
class Load:
    """Pictures of the largest size from a real server. Units: seconds, MiB."""

    format: Format
    at_once: int
    seconds: float
    """Of one picture, the median."""
    server_mib: float
    worker_mib: float


@dataclass(frozen=True, slots=True)
class Result:
    stages: tuple[Stage, ...]
    loads: tuple[Load, ...]


def stages(sides: Sequence[int], rounds: int) -> Iterator[Stage]:
    """Time every stage at every size."""
    drawn = _drawing(DRAWN_PX)
    for side in sides:
        size = Size(side, side)
        pixels = resize(drawn, size)
        yield Stage("resize", side, _ms(partial(resize, drawn, size), rounds))
        yield Stage("label", side, _ms(partial(label_in_place, pixels.copy(), Label()), rounds))
        yield Stage("cut out", side, _ms(partial(remove_background, pixels), rounds))
        for form in FORMATS:
            ms = _ms(partial(encode, pixels, form), rounds)
            yield Stage(f"encode {form}", side, ms, len(encode(pixels, form)) / 1e6)


def loads(served: Server, at_once: Sequence[int]) -> Iterator[Load]:
    """Ask for the largest pictures, so many at a time."""
    for number in at_once:
        for form in FORMATS:
            forget_peaks(served.pid)
            with ThreadPoolExecutor(number) as pool:
                seconds = list(pool.map(partial(_ask, served, form), range(number)))
            own, workers = peaks_mib(served.pid)
            yield Load(form, number, statistics.median(seconds), own, workers)


def forget_peaks(pid: int) -> None:
    """Begin anew to look for the most memory that a process and its children hold."""
    for one in (pid, *children(pid)):
        Path(f"/proc/{one}/clear_refs").write_text("5")


def peaks_mib(pid: int) -> tuple[float, float]:
    """The most memory that a process held, and its children together."""
    return _peak_mib(pid), sum(map(_peak_mib, children(pid)))


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / _MIB


def _ask(served: Server, form: Format, seed: int) -> float:
    with served.client() as http:
        return served.ask(
            http, prompt="a lighthouse at night", size=LARGEST, seed=seed, output_format=form
        )


def _drawing(side: int) -> Pixels:
    """Soft colours, a hard edge and a plain ground."""
    rows, columns = np.mgrid[:side, :side] / side
    planes = [200 + 40 * rows, 210 - 60 * columns, 180 + 50 * rows * columns]
    pixels = np.stack(planes, axis=2).astype(np.uint8)
    inside = (rows - 0.5) ** 2 + (columns - 0.5) ** 2 < 0.08
    pixels[inside] = (30, 90, 160)
    return np.asarray(Image.fromarray(pixels))


def _ms(work: Callable[[], object], rounds: int) -> float:
    """The least of some rounds: whatever else the machine does only adds to it."""
    taken = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began_s)
    return 1000 * min(taken)


def tables(shown: Result) -> Iterator[Table]:
    """The result for people."""
    grid = Table(title="one stage, ms (MB of the file)")
    sides = sorted({stage.side for stage in shown.stages})
    for heading in ("", *(f"{side}²" for side in sides)):
        grid.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name in dict.fromkeys(stage.name for stage in shown.stages):
        row = [stage for stage in shown.stages if stage.name == name]
        grid.add_row(name, *(_cell(stage) for stage in row))
    yield grid
    grid = Table(title=f"{LARGEST} from a server")
    for heading in ("format", "at once", "s", "server MiB", "worker MiB"):
        grid.add_column(heading, justify="left" if heading == "format" else "right")
    for load in shown.loads:
        memory = f"{load.server_mib:.0f}", f"{load.worker_mib:.0f}"
        grid.add_row(load.format, str(load.at_once), f"{load.seconds:.1f}", *memory)
    yield grid


def _cell(stage: Stage) -> str:
    size = "" if stage.megabytes is None else f" ({stage.megabytes:.1f})"
    return f"{stage.ms:.0f}{size}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round: a smoke test")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--threads", type=int, default=1, help="of the worker")
    options = parser.parse_args()
    with Console(stderr=True).status("timing stages ...") as status:
        timed = tuple(stages(SIDES[:1] if options.quick else SIDES, 1 if options.quick else 5))
        status.update("drawing the largest pictures ...")
        with server(options.threads, "cpu") as served:
            measured = Result(timed, tuple(loads(served, (1,) if options.quick else (1, 4))))
    if options.json:
        sys.stdout.write(json.dumps(asdict(measured), indent=2) + "\n")
        return
    for grid in tables(measured):
        Console().print(grid)


if __name__ == "__main__":
    main()
