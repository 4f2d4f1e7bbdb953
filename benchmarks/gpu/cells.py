"""Runs cells within a time budget, and writes what is known after each of them.

A cell is one row of a table. It may fail: its error is recorded and the next one runs. When the
time is over no new cell is started; the rest stays "not measured". Knows no model.
"""

import gc
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import torch

Value: TypeAlias = float | int | str | bool | None
Measurement: TypeAlias = dict[str, Value]
_ERROR_CHARACTERS = 1000
_PLACES = 5


class Status(StrEnum):
    DONE = "done"
    FAILED = "failed"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Cell:
    """One row. `measure` is given the group's subject and the seconds that it should not exceed."""

    kind: str
    label: str
    measure: Callable[[Any, float], Measurement]
    work: float = 0.0
    """How long it takes beside others of its kind and group, in any unit; 0: nobody knows."""
    free: bool = False
    """Only concludes from other cells, so it runs even when the time is over."""


@dataclass(frozen=True)
class Group:
    """Cells that share one expensive subject, which is gone after the last of them."""

    name: str
    build: Callable[[], Any]
    cells: Sequence[Cell]
    weight: float = 1.0
    """Its share of the time that is left when it begins."""


@dataclass
class Record:
    """What became of a cell."""

    family: str
    kind: str
    label: str
    status: Status = Status.NOT_MEASURED
    seconds: float = 0.0
    result: Measurement = field(default_factory=dict)
    note: str = "the time was over"

    @property
    def passed(self) -> bool:
        return self.status is not Status.FAILED and self.result.get("passed") is not False


class Journal:
    """All records of one part, on disk as soon as they are known."""

    def __init__(self, path: Path, about: Mapping[str, Any], groups: Sequence[Group]) -> None:
        self._path = path
        self._about = about
        self.records = [Record(g.name, c.kind, c.label) for g in groups for c in g.cells]
        self.write()

    def write(self) -> None:
        """Replace the file as a whole, so that a kill leaves the old one or the new one."""
        content = {**self._about, "cells": [asdict(record) for record in self.records]}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".tmp")
        unfinished.write_text(json.dumps(content, indent=1) + "\n")
        unfinished.replace(self._path)


class Plan:
    """Works through groups of cells until they or the time are over."""

    def __init__(
        self, groups: Sequence[Group], budget_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._groups = groups
        self._clock = clock
        self._began_s = clock()
        self._end_s = self._began_s + budget_s

    def run(self, journal: Journal) -> None:
        """Measure what there is time for. Units: seconds throughout."""
        records = iter(journal.records)
        weight_left = sum(group.weight for group in self._groups)
        for group in self._groups:
            left_s = self._end_s - self._clock()
            deadline_s = self._clock() + left_s * group.weight / weight_left
            weight_left -= group.weight
            self._run_group(group, deadline_s, records, journal)
            _free()

    def _run_group(
        self, group: Group, deadline_s: float, records: Iterator[Record], journal: Journal
    ) -> None:
        mine = [next(records) for _ in group.cells]
        if self._clock() >= deadline_s:
            return
        try:
            subject = group.build()
        except Exception as error:  # noqa: BLE001 - the other groups must still be measured
            for record in mine:
                record.status, record.note = Status.FAILED, _said(error)
            journal.write()
            return
        pace: dict[str, float] = {}
        for number, (cell, record) in enumerate(zip(group.cells, mine, strict=True)):
            left_s = deadline_s - self._clock()
            too_late = left_s <= 0 or cell.work * pace.get(cell.kind, 0.0) > left_s
            if too_late and not cell.free:
                continue
            self._measure(cell, record, subject, left_s / (len(mine) - number))
            if cell.work and record.status is Status.DONE:
                pace[cell.kind] = record.seconds / cell.work
            journal.write()
            self._say(journal, record)

    def _measure(self, cell: Cell, record: Record, subject: Any, allowance_s: float) -> None:
        started_s = self._clock()
        try:
            with torch.no_grad():
                record.result = cell.measure(subject, allowance_s)
            record.status, record.note = Status.DONE, ""
        except Exception as error:  # noqa: BLE001 - the other cells must still be measured
            record.status, record.note = Status.FAILED, _said(error)
            del error
            _free()
        record.seconds = round(self._clock() - started_s, 3)

    def _say(self, journal: Journal, record: Record) -> None:
        done = sum(r.status is not Status.NOT_MEASURED for r in journal.records)
        spent_s = self._clock() - self._began_s
        left_s = min(spent_s / done * (len(journal.records) - done), self._end_s - self._clock())
        sys.stderr.write(
            f"[{done}/{len(journal.records)}] {record.family}, {record.kind}, {record.label}: "
            f"{record.status} in {record.seconds:.1f} s "
            f"({_minutes(spent_s)} spent, at most about {_minutes(left_s)} left)\n"
        )
        sys.stderr.flush()


def _said(error: Exception) -> str:
    """The error and the last places it passed, without holding on to their frames."""
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
    places = " > ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames)
    return f"{type(error).__name__}: {error}"[:_ERROR_CHARACTERS] + f" ({places})"


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _minutes(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"
