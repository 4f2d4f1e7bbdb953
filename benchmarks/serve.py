"""The server against a bare `pipe()` loop, in one run on one machine.

Both load the same weights and draw the same pictures with the same number of threads: the server
over HTTP with PNG and base64, in native size, for 1 and for 8 clients that ask again as soon as
they are answered; the loop one picture after another. They take turns, so that whatever else the
machine does falls on both. Only the ratio means something on another machine.

The server does what it does for everybody: each picture gets its metadata, its invisible mark and
its row in the registry, which the loop's have not. `--no-mark` leaves the mark out, to see what
serving alone costs; pictures below 384 pixels, as the shipped model's, bear none in any case.

    python -m benchmarks.serve [--quick] [--json] [--clients 1 8] [--threads 2] [--device cpu]
                               [--no-mark]
"""

import argparse
import base64
import json
import math
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table

from benchmarks.workload import wanted
from pipelines.process import QUIET

ROOT = Path(__file__).parents[1]
PICTURES = 8
"""Pictures per turn, or two per client where that is more."""
PATIENCE_S = 600.0


@dataclass(slots=True)
class Turns:
    """What one side did in all its turns. Units: seconds."""

    clients: int
    walls_s: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """Pictures per second of each turn."""

    def add(self, wall_s: float, latencies_s: Sequence[float]) -> None:
        self.walls_s.append(wall_s)
        self.latencies_s.extend(latencies_s)
        self.rates.append(len(latencies_s) / wall_s)

    @property
    def pictures_per_s(self) -> float:
        return len(self.latencies_s) / sum(self.walls_s)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result."""

    side: str
    clients: int
    pictures: int
    pictures_per_s: float
    ratio: float
    """Pictures per second, the bare loop's being 1."""
    lowest_ratio: float
    """Of a single round, to show how steady the machine was."""
    highest_ratio: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class Result:
    model: str
    size: str
    steps: int
    threads: int
    device: str
    marked: bool
    """Whether the server's invisible mark was on."""
    rows: tuple[Row, ...]
    added_latency_ms: float | None
    """Median of the server at 1 client less the median of the loop; None without 1 client."""
    added_latency_percent: float | None


class BareLoop:
    """The loop in its own process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def draw(self, pictures: int) -> list[float]:
        """Seconds of each picture."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{pictures}\n")
        self._process.stdin.flush()
        seconds: list[float] = json.loads(_line_with(self._process, "["))
        return seconds


class Server:
    """A running server, for callers that each keep one connection."""

    def __init__(self, address: str, key: str, pid: int) -> None:
        self.pid = pid
        self._address = address
        self._headers = {"Authorization": f"Bearer {key}"}

    def draw(self, clients: int, pictures: int) -> tuple[float, list[float]]:
        """Seconds of it all, and of each picture, for clients that share the pictures."""
        numbers = iter(range(pictures))
        with ThreadPoolExecutor(clients) as pool:
            began_s = time.perf_counter()
            callers = [pool.submit(self._call_while_any, numbers) for _ in range(clients)]
            latencies_s = [second for caller in callers for second in caller.result()]
            return time.perf_counter() - began_s, latencies_s

    def _call_while_any(self, numbers: Iterator[int]) -> list[float]:
        with self.client() as http:
            return [self._call(http, number) for number in numbers]

    def client(self) -> httpx2.Client:
        """A connection of one's own."""
        return httpx2.Client(timeout=PATIENCE_S, headers=self._headers)

    def _call(self, http: httpx2.Client, number: int) -> float:
        request = wanted(number)
        return self.ask(http, prompt=request.prompt, size=str(request.size), seed=request.seed)

    def ask(self, http: httpx2.Client, **members: object) -> float:
        """Seconds until a picture is here."""
        began_s = time.perf_counter()
        reply = http.post(
            f"{self._address}/v1/images/generations",
            json={"model": "seedbed", "response_format": "b64_json", **members},
        )
        seconds = time.perf_counter() - began_s
        if reply.status_code != 200:
            raise RuntimeError(f"the server answered {reply.status_code}: {reply.text[:500]}")
        base64.b64decode(reply.json()["data"][0]["b64_json"], validate=True)
        return seconds


def compare(
    loop: BareLoop, server: Server, clients: Sequence[int], rounds: int, pictures: int
) -> tuple[Turns, list[Turns]]:
    """Let the loop and the server take turns, after one of each that is not counted."""
    bare, served = Turns(clients=1), [Turns(clients=number) for number in clients]
    loop.draw(1)
    server.draw(max(clients), max(clients))
    for _ in range(rounds):
        seconds = loop.draw(pictures)
        bare.add(sum(seconds), seconds)
        for turns in served:
            turns.add(*server.draw(turns.clients, max(pictures, 2 * turns.clients)))
    return bare, served


def result(
    bare: Turns, served: Sequence[Turns], threads: int, device: str, marked: bool = True
) -> Result:
    """What the turns amount to."""
    one_client = next((turns for turns in served if turns.clients == 1), None)
    bare_p50_s = statistics.median(bare.latencies_s)
    added_s = (
        statistics.median(one_client.latencies_s) - bare_p50_s if one_client is not None else None
    )
    request = wanted(0)
    return Result(
        model=request.model,
        size=str(request.size),
        steps=request.steps,
        threads=threads,
        device=device,
        marked=marked,
        rows=(
            _row("bare loop", bare, bare),
            *(_row("server", turns, bare) for turns in served),
        ),
        added_latency_ms=None if added_s is None else 1000 * added_s,
        added_latency_percent=None if added_s is None else 100 * added_s / bare_p50_s,
    )


def _row(side: str, turns: Turns, bare: Turns) -> Row:
    ordered = sorted(turns.latencies_s)
    ratios = [ours / theirs for ours, theirs in zip(turns.rates, bare.rates, strict=True)]
    return Row(
        side=side,
        clients=turns.clients,
        pictures=len(ordered),
        pictures_per_s=turns.pictures_per_s,
        ratio=turns.pictures_per_s / bare.pictures_per_s,
        lowest_ratio=min(ratios),
        highest_ratio=max(ratios),
        p50_s=statistics.median(ordered),
        p99_s=ordered[math.ceil(0.99 * len(ordered)) - 1],
    )


@contextmanager
def bare_loop(threads: int, device: str) -> Iterator[BareLoop]:
    """A fresh process with the loaded pipeline."""
    command = ["benchmarks.bare_loop", "--threads", str(threads), "--device", device]
    with _python(command, ROOT, QUIET) as process:
        _line_with(process, "ready")
        yield BareLoop(process)


@contextmanager
def server(threads: int, device: str, marked: bool = True) -> Iterator[Server]:
    """A real server on a free loopback port, with settings, key and data of its own."""
    key = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory() as folder:
        command = ["server", "serve", "--port", "0", "--threads", str(threads), "--device", device]
        command += ["--data-dir", folder, "--log-level", "warning"]
        command += ["--invisible-mark", str(marked).lower()]
        with _python(command, Path(folder), {"SEEDBED_API_KEYS": key}) as process:
            address = _line_with(process, "address").split()[-1]
            _line_with(process, "ready:")
            yield Server(address, key, process.pid)


@contextmanager
def _python(
    module: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """`python -m module` in a folder, told to end with SIGTERM when the block is left."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SEEDBED_")}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", *module],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            for _ in process.stdout or ():
                pass  # its last words, until it is gone


def _line_with(process: subprocess.Popen[str], text: str) -> str:
    """The next line of a process's output with this text.

    Raises: RuntimeError: when the output ends first.
    """
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        if text in line and "NOT READY" not in line:
            return line
        said.append(line)
    raise RuntimeError(f"{process.args!r} ended before it said {text!r}: {''.join(said[-5:])}")


def table(shown: Result) -> Table:
    """The result for people."""
    mark = "mark on" if shown.marked else "mark off"
    title = f"{shown.model}, {shown.size}, {shown.steps} steps, {shown.threads} threads, {mark}"
    grid = Table(title=title)
    for heading in ("", "clients", "pictures/s", "ratio", "rounds", "p50 s", "p99 s"):
        grid.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for row in shown.rows:
        grid.add_row(
            row.side,
            str(row.clients),
            f"{row.pictures_per_s:.2f}",
            f"{row.ratio:.2f}",
            f"{row.lowest_ratio:.2f}-{row.highest_ratio:.2f}",
            f"{row.p50_s:.3f}",
            f"{row.p99_s:.3f}",
        )
    if shown.added_latency_ms is not None:
        grid.caption = (
            f"added latency at one client: {shown.added_latency_ms:+.0f} ms "
            f"({shown.added_latency_percent:+.1f} %)"
        )
    return grid


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round: a smoke test")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--no-mark", action="store_true", help="leave the invisible mark out")
    options = parser.parse_args()
    marked = not options.no_mark
    rounds, pictures = (1, 2) if options.quick else (options.rounds, PICTURES)
    status = Console(stderr=True).status("loading the model twice ...")
    with (
        status,
        bare_loop(options.threads, options.device) as loop,
        server(options.threads, options.device, marked) as served,
    ):
        status.update(f"{rounds} rounds of loop and server ...")
        bare, turns = compare(loop, served, options.clients, rounds, pictures)
    measured = result(bare, turns, options.threads, options.device, marked)
    if options.json:
        sys.stdout.write(json.dumps(asdict(measured), indent=2) + "\n")
    else:
        Console().print(table(measured))


if __name__ == "__main__":
    main()
