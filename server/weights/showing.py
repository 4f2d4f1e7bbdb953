"""How a person sees work on weights: bars where somebody watches, lines where nobody does."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock as ThreadLock
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from pipelines.weights.fetch import Plan
from pipelines.weights.lock import LockedFile, LockedWeights
from server.terminal import errors_console, results_console


def gigabytes(size: int) -> str:
    """A size as people compare it with their disk."""
    if size >= 1e9:
        return f"{size / 1e9:,.2f} GB"
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size:,} B"


def print_json(value: Any) -> None:
    results_console().print(json.dumps(value, indent=2), markup=False)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns that are as wide as they have to be."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    console = results_console()
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.print("  ".join(cells).rstrip(), markup=False)


def tell(text: str) -> None:
    """Say something that is no result."""
    errors_console().print(text, markup=False)


class Bars:
    """A bar for everything, and one for each file that is on its way."""

    def __init__(self, console: Console, plans: Sequence[Plan]) -> None:
        self._bars = _bars(console)
        self._watched = console.is_terminal
        self._guard = ThreadLock()
        self._console = console
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._came: dict[tuple[str, str], tuple[int, int]] = {}
        """Per file: where it began this time, and how far it is."""
        self._files = sum(len(one.missing) + len(one.linked) for one in plans)
        self._finished = 0
        total = sum(one.missing_bytes for one in plans)
        begun = total - sum(one.needed_bytes for one in plans)
        self._begun = begun
        self._all = self._bars.add_task("together", total=total, completed=begun)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bars while the work is done."""
        if not self._watched:
            yield
            return
        with self._bars:
            yield

    def at(self, entry: LockedWeights, file: LockedFile, done: int) -> None:
        """Units: bytes."""
        name = (entry.id, file.path)
        with self._guard:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(
                    f"{entry.id} {file.path}", total=file.bytes, completed=done
                )
            self._came[name] = (self._came.get(name, (done, 0))[0], done)
            self._bars.update(self._tasks[name], completed=done)
            self._bars.update(self._all, completed=self._together())

    def finished(self, entry: LockedWeights, file: LockedFile) -> None:
        with self._guard:
            self._finished += 1
            name = (entry.id, file.path)
            if name in self._came:  # else it was here before
                self._came[name] = (self._came[name][0], file.bytes)
                self._bars.remove_task(self._tasks.pop(name))
                self._bars.update(self._all, completed=self._together())
            if not self._watched:
                self._console.print(
                    f"{self._finished}/{self._files} {entry.id} {file.path} "
                    f"({gigabytes(file.bytes)})",
                    markup=False,
                )

    def _together(self) -> int:
        """What came before and what has come since. Units: bytes."""
        return self._begun + sum(now - first for first, now in self._came.values())

    def moved_on(self, fault: Exception, source: str) -> None:
        self._console.print(f"{fault}; going on with {source}", markup=False)


@contextmanager
def one_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar that is advanced by the bytes it is told of; nothing where nobody watches."""
    console = errors_console()
    bars = _bars(console)
    task = bars.add_task(what, total=total)
    if not console.is_terminal:
        yield lambda _: None
        return
    with bars:
        yield lambda size: bars.advance(task, size)


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
