"""Lines of progress with the time that is left, on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


@contextmanager
def advancing(progress: Progress, what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a line; the block gets what moves it on."""
    task = progress.add_task(what, total=total)
    yield lambda done: progress.advance(task, done)
