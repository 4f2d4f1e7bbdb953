"""A long benchmark on a borrowed machine: late, broken and killed runs lose nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu.cells import Cell, Group, Journal, Measurement, Plan, Record, Status
from benchmarks.gpu.report import markdown


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def lasting(clock: Hand, seconds: float) -> Callable[[Any, float], Measurement]:
    def measure(_: Any, __: float) -> Measurement:
        clock.now_s += seconds
        return {"took_s": seconds}

    return measure


def broken(*_: object) -> Measurement:
    raise ArithmeticError("the device says no")


def statuses(journal: Journal) -> list[Status]:
    return [record.status for record in journal.records]


def run(groups: list[Group], path: Path, budget_s: float, clock: Hand) -> Journal:
    journal = Journal(path, {"part": 1}, groups)
    Plan(groups, budget_s, clock).run(journal)
    return journal


def test_cells_beyond_the_time_stay_not_measured(tmp_path: Path) -> None:
    clock = Hand()
    cells = [Cell("step", str(n), lasting(clock, 6)) for n in range(4)]
    journal = run([Group("flux", object, cells)], tmp_path / "a.json", 10, clock)
    assert statuses(journal) == [*[Status.DONE] * 2, *[Status.NOT_MEASURED] * 2]
    assert journal.records[-1].note == "the time was over"


def test_a_cell_that_would_outlast_the_time_is_not_begun(tmp_path: Path) -> None:
    clock = Hand()
    cells = [Cell("batch", str(n), lasting(clock, n), work=n) for n in (1, 2, 40, 3)]
    journal = run([Group("flux", object, cells)], tmp_path / "a.json", 10, clock)
    assert [record.label for record in journal.records if record.seconds] == ["1", "2", "3"]


def test_conclusions_are_drawn_even_when_the_time_is_over(tmp_path: Path) -> None:
    clock = Hand()
    cells = [
        Cell("batch", "1", lasting(clock, 20)),
        Cell("knee", "1", lasting(clock, 0), free=True),
    ]
    journal = run([Group("flux", object, cells)], tmp_path / "a.json", 10, clock)
    assert statuses(journal) == [Status.DONE, Status.DONE]


def test_time_that_one_family_leaves_goes_to_the_next(tmp_path: Path) -> None:
    clock = Hand()
    quick = Group("sd15", object, [Cell("step", "1", lasting(clock, 1))])
    slow = Group("flux", object, [Cell("step", str(n), lasting(clock, 4)) for n in range(3)])
    journal = run([quick, slow], tmp_path / "a.json", 10, clock)
    assert statuses(journal) == [Status.DONE] * 4


def test_after_a_failure_the_next_cell_runs(tmp_path: Path) -> None:
    clock = Hand()
    cells = [Cell("step", "1", broken), Cell("step", "2", lasting(clock, 1))]
    journal = run([Group("flux", object, cells)], tmp_path / "a.json", 10, clock)
    assert statuses(journal) == [Status.FAILED, Status.DONE]
    assert journal.records[0].note.startswith("ArithmeticError: the device says no (")
    assert str(Path.cwd()) not in journal.records[0].note


def test_a_model_that_cannot_be_built_fails_its_own_cells_only(tmp_path: Path) -> None:
    clock = Hand()
    groups = [
        Group("flux", broken, [Cell("step", "1", lasting(clock, 1))]),
        Group("sdxl", object, [Cell("step", "1", lasting(clock, 1))]),
    ]
    journal = run(groups, tmp_path / "a.json", 10, clock)
    assert statuses(journal) == [Status.FAILED, Status.DONE]


def test_a_kill_loses_nothing_that_was_measured(tmp_path: Path) -> None:
    clock, path = Hand(), tmp_path / "results" / "a.json"
    seen: list[list[str]] = []

    def look(*_: object) -> Measurement:
        seen.append([cell["status"] for cell in json.loads(path.read_text())["cells"]])
        return {"looked": True}

    run([Group("flux", object, [Cell("step", str(n), look) for n in range(3)])], path, 10, clock)
    assert seen == [
        ["not measured"] * 3,
        ["done", "not measured", "not measured"],
        ["done", "done", "not measured"],
    ]
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("record", "row"),
    [
        (Record("flux", "step", "a", Status.DONE, 1.0, {"ms": 1.2345}, ""), "| flux | a | 1.23 |"),
        (Record("flux", "step", "a", Status.DONE, 1.0, {"ms": None}, ""), "| flux | a | – |"),
        (Record("flux", "step", "a"), "| flux | a | not measured |"),
        (Record("flux", "step", "a", Status.FAILED, note="x | y"), "| flux | a | failed |"),
    ],
)
def test_a_page_shows_each_cell(record: Record, row: str) -> None:
    about = {
        "part": 2,
        "title": "throughput",
        "mode": "full",
        "command": "python -m benchmarks.gpu",
        "date": "2026-11-20",
        "machine": {"device": "A GPU", "torch": "2"},
    }
    page = markdown(about, [record], {"step": "What a step takes."})
    assert row in page.splitlines()
    assert "What a step takes." in page
    assert ("- flux, step, a: x \\| y" in page) == (record.status is Status.FAILED)
