"""What the benchmark of finishing times and shows."""

import os

from rich.console import Console

from benchmarks.finishing import Load, Result, children, peaks_mib, stages, tables


def test_every_stage_is_timed_and_shown() -> None:
    timed = tuple(stages([64], rounds=1))
    assert [stage.name for stage in timed] == [
        "resize", "label", "cut out", "encode png", "encode jpeg", "encode webp"
    ]  # fmt: skip
    assert all(stage.ms > 0 for stage in timed)
    console = Console(width=120)
    with console.capture() as shown:
        for grid in tables(Result(timed, (Load("png", 4, 1.5, 321.0, 654.0),))):
            console.print(grid)
    text = shown.get()
    assert "encode webp" in text
    assert "321" in text
    assert "654" in text


def test_memory_is_read_of_a_process_and_its_children() -> None:
    own_mib, workers_mib = peaks_mib(os.getpid())
    assert own_mib > 10
    assert (workers_mib > 0) == bool(children(os.getpid()))
