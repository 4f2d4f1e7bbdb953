"""Random traffic for a long time: nothing lost, nothing answered twice, nothing that grows.

A real fleet with one worker process and the embedded model. Requests of random size, steps, seed
and client arrive in bursts; some are cancelled at once, some on the way, some cannot be drawn at
all. In the first half the worker is killed now and then; in the second half it lives, so that what
it leaks is seen. Memory, descriptors and threads of both processes are sampled all along.

    python -m benchmarks.soak [--minutes 30] [--quick] [--json] [--kill-every 120]
"""

import argparse
import json
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from pipelines.catalog import EMBEDDED
from pipelines.errors import Cancelled, CapacityError, PoisonRequest, UnsupportedValue
from pipelines.fleet import Fleet
from pipelines.messages import News, Progress, WorkerSpec
from pipelines.options import EngineOptions
from pipelines.types import ImageRequest, Pixels, Size

SIDES = (128, 192, 256)
MOST_STEPS = 12
TOO_MANY_STEPS = 1000
"""The model refuses this."""
IN_FLIGHT = 24
READY_S = 300.0
ANSWER_S = 300.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What both processes hold at one time."""

    at_s: float
    worker_pid: int
    api_mib: float
    worker_mib: float
    api_fds: int
    worker_fds: int
    api_threads: int
    worker_threads: int


@dataclass
class Ledger:
    """Every accepted request and what became of it."""

    accepted: int = 0
    refused: int = 0
    kills: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    """Answers per request id: each must be one."""
    wrong_sizes: int = 0

    def settle(self, request: ImageRequest, future: Future[Pixels]) -> None:
        self.answers[request.id] += 1
        if future.cancelled():
            self.outcomes["cancelled"] += 1
            return
        error = future.exception()
        if error is None:
            height, width, _ = future.result().shape
            self.wrong_sizes += (width, height) != (request.size.width, request.size.height)
            self.outcomes["drawn"] += 1
        else:
            named = isinstance(error, Cancelled | CapacityError | PoisonRequest)
            if isinstance(error, UnsupportedValue):
                named = request.steps > MOST_STEPS
            self.outcomes[type(error).__name__ if named else f"UNEXPECTED {error!r}"] += 1

    @property
    def lost(self) -> int:
        return self.accepted - len(self.answers)

    @property
    def doubled(self) -> int:
        return sum(count > 1 for count in self.answers.values())


class Traffic:
    """Bursts of random requests, of which some are taken back."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.ledger = Ledger()
        self._fleet = fleet
        self._rng = random.Random(seed)
        self._open: dict[str, Future[Pixels]] = {}
        self._number = 0

    def burst(self) -> None:
        """Send up to a dozen requests and take some of the open ones back."""
        for _ in range(self._rng.randint(1, 12)):
            if len(self._open) < IN_FLIGHT:
                self._send()
        for request_id in list(self._open):
            if self._rng.random() < 0.05:
                self._fleet.cancel(request_id)
        self._open = {name: future for name, future in self._open.items() if not future.done()}

    def wait_for_one(self) -> None:
        """Wait until one of the open requests is answered, if there is any."""
        for future in self._open.values():
            _outcome(future)
            return

    def finish(self) -> None:
        for future in self._open.values():
            _outcome(future)

    def _send(self) -> None:
        self._number += 1
        rng = self._rng
        request = ImageRequest(
            id=f"soak-{self._number}",
            model=EMBEDDED.name,
            prompt=rng.choice(("a red apple", "一只橙色的猫", "a house in the snow", "")),
            size=Size(rng.choice(SIDES), rng.choice(SIDES)),
            steps=TOO_MANY_STEPS if rng.random() < 0.02 else rng.randint(1, MOST_STEPS),
            guidance=rng.choice((1.0, 3.0, 5.0)),
            seed=rng.randrange(2**31),
            client=rng.choice("abc"),
            reproducible=rng.random() < 0.1,
        )
        try:
            future = self._fleet.submit(request, self._on_progress(request.id))
        except CapacityError:
            self.ledger.refused += 1
            return
        self.ledger.accepted += 1
        self._open[request.id] = future
        future.add_done_callback(lambda done: self.ledger.settle(request, done))

    def _on_progress(self, request_id: str) -> "_CancelAt":
        chosen = self._rng.random() < 0.1
        return _CancelAt(self._fleet, request_id, self._rng.randint(1, 8) if chosen else None)


@dataclass(frozen=True, slots=True)
class _CancelAt:
    """Takes a request back at a step."""

    fleet: Fleet
    request_id: str
    step: int | None

    def __call__(self, heard: News) -> None:
        if isinstance(heard, Progress) and heard.step == self.step:
            self.fleet.cancel(self.request_id)


def _outcome(future: Future[Pixels]) -> None:
    """Wait for an answer of whatever kind. Raises: TimeoutError: there is none."""
    try:
        future.exception(ANSWER_S)
    except BaseException as error:
        if not future.done():
            raise TimeoutError("a request was not answered") from error


def sample(began_s: float, worker_pid: int) -> Sample | None:
    """Look at both processes; None while the worker is being replaced."""
    try:
        api_mib, api_fds, api_threads = _held(os.getpid())
        mib, fds, threads = _held(worker_pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    at_s = time.monotonic() - began_s
    return Sample(at_s, worker_pid, api_mib, mib, api_fds, fds, api_threads, threads)


def _held(pid: int) -> tuple[float, int, int]:
    """Resident MiB, open descriptors and threads of a process. Source: Linux proc(5)."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    fds = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return int(status["VmRSS"].split()[0]) / 1024, fds, int(status["Threads"])


@dataclass(frozen=True, slots=True)
class Course:
    """How one of the held things went. Units: MiB for memory, else a count."""

    held: str
    start: float
    """Median of the first tenth, once all was warm."""
    end: float
    """Median of the last tenth."""
    per_hour: float
    """Slope of the line through all samples."""

    @property
    def flat(self) -> bool:
        """Less than a twentieth more, or than one and a half."""
        return self.end - self.start < max(0.05 * self.start, 1.5)


def courses(samples: Sequence[Sample]) -> list[Course]:
    """Each thing held, after a quarter of the time; a worker's own things in its last life."""
    names = ("api_mib", "api_fds", "api_threads", "worker_mib", "worker_fds", "worker_threads")
    return [course for name in names if (course := _course(name, samples)) is not None]


def _course(name: str, samples: Sequence[Sample]) -> Course | None:
    if name.startswith("worker"):
        samples = [one for one in samples if one.worker_pid == samples[-1].worker_pid]
    warm = samples[len(samples) // 4 :]
    if len(warm) < 10:
        return None
    values = [float(getattr(one, name)) for one in warm]
    tenth = len(values) // 10
    slope_per_s, _ = statistics.linear_regression([one.at_s for one in warm], values)
    return Course(
        name,
        statistics.median(values[:tenth]),
        statistics.median(values[-tenth:]),
        round(3600 * slope_per_s, 2),
    )


@dataclass(frozen=True, slots=True)
class Result:
    minutes: float
    ledger: Ledger
    samples: tuple[Sample, ...]

    @property
    def sound(self) -> bool:
        led = self.ledger
        unexpected = any(name.startswith("UNEXPECTED") for name in led.outcomes)
        return not (led.lost or led.doubled or led.wrong_sizes or unexpected)

    @property
    def flat(self) -> bool:
        """Whether nothing that is held grew."""
        return all(course.flat for course in courses(self.samples))


def soak(minutes: float, kill_every_s: float, seed: int) -> Result:
    """Keep a fleet busy for so long; then wait for every answer."""
    fleet = Fleet([WorkerSpec((EMBEDDED,), EngineOptions())], max_backlog_s=600)
    fleet.start()
    try:
        fleet.wait_ready(READY_S)
        return _keep_busy(fleet, minutes, kill_every_s, seed)
    finally:
        fleet.close(drain_s=0)


def _keep_busy(fleet: Fleet, minutes: float, kill_every_s: float, seed: int) -> Result:
    traffic, samples = Traffic(fleet, seed), list[Sample]()
    began_s = killed_s = sampled_s = time.monotonic()
    progress_console = Console(stderr=True)
    with Bar(console=progress_console, disable=not progress_console.is_terminal) as bar:
        task = bar.add_task("soaking", total=minutes * 60)
        while (now_s := time.monotonic()) < began_s + minutes * 60:
            traffic.burst()
            traffic.wait_for_one()
            pid = next(iter(fleet.pids), None)
            if pid is not None and now_s - sampled_s >= 1.0:
                sampled_s = now_s
                seen = sample(began_s, pid)
                samples.extend([] if seen is None else [seen])
            first_half = now_s < began_s + minutes * 30
            if pid is not None and first_half and now_s - killed_s >= kill_every_s:
                killed_s = now_s
                os.kill(pid, signal.SIGKILL)
                traffic.ledger.kills += 1
            bar.update(task, completed=now_s - began_s)
    traffic.finish()
    return Result(minutes, traffic.ledger, tuple(samples))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--quick", action="store_true", help="one minute")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--kill-every", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    minutes = 1.0 if options.quick else options.minutes
    kill_every_s = min(options.kill_every, 25.0) if options.quick else options.kill_every
    result = soak(minutes, kill_every_s, options.seed)
    if options.json:
        sys.stdout.write(json.dumps(_report(result), indent=2) + "\n")
    else:
        _print(result)
    return 0 if result.sound and result.flat else 1


def _report(result: Result) -> dict[str, object]:
    led = result.ledger
    return {
        "minutes": result.minutes,
        "accepted": led.accepted,
        "refused": led.refused,
        "worker_kills": led.kills,
        "outcomes": dict(led.outcomes),
        "lost": led.lost,
        "answered_twice": led.doubled,
        "wrong_sizes": led.wrong_sizes,
        "sound": result.sound,
        "flat": result.flat,
        "courses": [asdict(course) for course in courses(result.samples)],
        "samples": [asdict(one) for one in result.samples[:: max(1, len(result.samples) // 60)]],
    }


def _print(result: Result) -> None:
    console, led = Console(), result.ledger
    table = Table(title=f"{result.minutes:g} minutes of random traffic", title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    rows = {
        "accepted": led.accepted,
        **{f"... {name}": count for name, count in sorted(led.outcomes.items())},
        "refused for lack of room": led.refused,
        "worker killed": led.kills,
        "lost": led.lost,
        "answered twice": led.doubled,
        "of a wrong size": led.wrong_sizes,
    }
    for name, count in rows.items():
        table.add_row(name, str(count))
    console.print(table)
    console.print(_course_table(result.samples))


def _course_table(samples: Sequence[Sample]) -> Table:
    table = Table(title="what is held, after a quarter of the time", title_justify="left")
    for heading in ("held", "start", "end", "per hour", ""):
        table.add_column(heading, justify="left" if heading == "held" else "right")
    for course in courses(samples):
        numbers = (f"{course.start:.1f}", f"{course.end:.1f}", f"{course.per_hour:+.2f}")
        table.add_row(course.held, *numbers, "flat" if course.flat else "GROWS")
    return table


if __name__ == "__main__":
    sys.exit(main())
