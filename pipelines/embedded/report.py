"""Lays the evaluation's figures out: tables for a terminal and for the model card, and JSON.

A table of the model card stands between `<!-- name: measured -->` and `<!-- end of name -->`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pipelines.embedded.figures import LANGUAGE_GOAL, Figure, Gap, Goal, Share
from pipelines.embedded.trust import HeadReport

CARD = Path(__file__).parent / "MODEL_CARD.md"
SECONDS_GOALS = {"cpu": 3.0, "cuda": 0.2}
"""For one picture of 256 x 256, on two threads or on a GPU."""
_LAST_LOSSES = 10
_NAMES = {
    "colour": "colour",
    "subject": "subject",
    "setting": "setting, time of day",
    "style": "style, where one is said",
    "count": "count of 1, 2 and 3 alike",
    "place": "left, right, above, below",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """A table without a look."""

    name: str
    """Of its place in the model card."""
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    after: str = ""
    """What is said below."""

    def markdown(self) -> str:
        ruler = "|".join("---" for _ in self.header)
        rows = ["| " + " | ".join(row) + " |" for row in (self.header, *self.rows)]
        table = "\n".join([f"{self.title}:", "", rows[0], f"|{ruler}|", *rows[1:]])
        return f"{table}\n\n{self.after}" if self.after else table

    def show(self, console: Console) -> None:
        table = Table(*self.header, title=self.title)
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        if self.after:
            console.print(self.after)


@dataclass(frozen=True, slots=True)
class Result:
    """What the evaluation of one setting found."""

    captions: int
    guidance: float
    steps: int
    figures: Sequence[Figure]
    goals: Sequence[Goal]
    languages: Gap
    """In all that is said, English before Chinese."""
    seconds: float
    device: str
    """Where pictures took so many seconds."""
    judge: Sequence[HeadReport]
    confused: Mapping[str, Sequence[tuple[str, str, int]]]
    """On drawn pictures and on true renders: what was said, what was seen, how often."""

    def layouts(self) -> list[Layout]:
        asked = f"{self.captions} held-out captions, guidance {self.guidance:g}, {self.steps} steps"
        return [self._goals(asked), self._figures(asked), self._judge()]

    def _goals(self, asked: str) -> Layout:
        rows = [_goal_row(goal) for goal in self.goals]
        low, high = self.languages.interval
        rows.append((
            "Chinese behind English, in all that is said", f"≤ {100 * LANGUAGE_GOAL:g} points",
            f"{100 * self.languages.value:.1f} points",
            f"{100 * low:.1f} to {100 * high:.1f}", "", "judge",
            _yes(self.languages.value <= LANGUAGE_GOAL),
        ))  # fmt: skip
        least = SECONDS_GOALS[self.device]
        rows.append((
            f"a picture of 256 x 256, {'2 threads' if self.device == 'cpu' else self.device}",
            f"≤ {least:g} s", f"{self.seconds:.2f} s", "", "", "clock", _yes(self.seconds <= least),
        ))  # fmt: skip
        header = ("", "goal", "reached", "95 % interval", "true renders", "read by", "met")
        return Layout("goals", asked, header, tuple(rows))

    def _figures(self, asked: str) -> Layout:
        groups = tuple(self.figures[0].groups)
        rows = [
            (f.name, f.reader, *(percent(f.groups[g]) for g in groups), percent(f.ceiling),
             str(f.share.of))
            for f in self.figures
        ]  # fmt: skip
        header = ("", "read by", *groups, "true renders", "said")
        return Layout("figures", asked, header, tuple(rows))

    def _judge(self) -> Layout:
        rows = [
            (h.name, f"{h.right:.1%}", f"{100 * h.error:.1f} points", f"{h.sure_of_true:.1%}",
             f"{h.sure_of_drawn:.1%}")
            for h in self.judge
        ]  # fmt: skip
        header = ("", "right", "calibration error", "mean certainty", "on drawn pictures")
        told = [
            f"Subjects it takes for others on {where}: {_confusions(pairs)}."
            for where, pairs in self.confused.items()
        ]
        title = "The judge on true renders of these captions"
        return Layout("judge", title, header, tuple(rows), "\n".join(told))


@dataclass(frozen=True, slots=True)
class Point:
    """The same captions drawn with one value."""

    value: float
    own: float
    """The model's own guidance, or the steps."""
    adherence: Share
    everything: Share
    fallen: tuple[float, float]
    """How far adherence fell since the value before, and the standard error of that."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """The same captions drawn with one value after another."""

    name: str
    captions: int
    points: Sequence[Point]

    def layouts(self) -> list[Layout]:
        both = any(point.value != point.own for point in self.points)
        rows = [self._row(point, both) for point in self.points]
        header = (self.name, *(["the model's own"] if both else []), "of all that is said",
                  "95 % interval", "everything said", "seconds")  # fmt: skip
        title = f"{self.captions} held-out captions by {self.name}"
        return [Layout(self.name, title, tuple(header), tuple(rows), self._rises())]

    def _row(self, point: Point, both: bool) -> tuple[str, ...]:
        own = (f"{point.own:.2f}",) if both else ()
        shares = (percent(point.adherence), interval(point.adherence), percent(point.everything))
        return (f"{point.value:g}", *own, *shares, f"{point.seconds:.2f}")

    def _rises(self) -> str:
        falls = [point for point in self.points[1:] if point.fallen[0] > 0]
        if not falls:
            return "What the judge sees of all that is said rises with every value."
        told = ", ".join(
            f"by {100 * p.fallen[0]:.1f} points (standard error {100 * p.fallen[1]:.1f}) at "
            f"{p.value:g}"
            for p in falls
        )
        return f"It does not rise with every value: it falls {told}."


@dataclass(frozen=True, slots=True)
class Training:
    """What a training's work folder tells of the denoiser."""

    pictures: int
    samples: int
    seconds: float
    loss: float

    @classmethod
    def of(cls, work: Path) -> "Training":
        """Read the loss log (step, samples, seconds, loss) and count the rendered pictures.

        Raises: ValueError: nothing was trained there.
        """
        log = work / "loss.csv"
        if not log.exists() or not (rows := log.read_text().split()):
            raise ValueError(f"{work} has no loss.csv: no denoiser was trained there")
        _, samples, seconds, _ = rows[-1].split(",")
        losses = [float(row.split(",")[3]) for row in rows[-_LAST_LOSSES:]]
        shards = (work / "latents").glob("latents-*.npy")
        pictures = sum(len(np.load(shard, mmap_mode="r")) for shard in shards)
        return cls(pictures, int(samples), float(seconds), sum(losses) / len(losses))

    def layouts(self) -> list[Layout]:
        row = (f"{self.pictures:,}", f"{self.samples:,}", f"{self.seconds / 60:.0f}",
               f"{self.samples / self.seconds:.0f}", f"{self.loss:.3f}")  # fmt: skip
        header = ("rendered pictures", "samples", "minutes", "samples a second", "last loss")
        return [Layout("training", "The denoiser's training", header, (row,))]


def as_plain(value: Any) -> Any:
    """A result as JSON has it; shares with their interval."""
    if isinstance(value, Share):
        low, high = value.interval
        return {"share": value.value, "low": low, "high": high, "of": value.of}
    if isinstance(value, Gap):
        return {
            "gap": value.value,
            "first": as_plain(value.first),
            "second": as_plain(value.second),
        }
    if isinstance(value, Goal):
        return {"name": value.name, "target": value.target, "met": value.met,
                "reader": value.figure.reader, "reached": as_plain(value.figure.share)}  # fmt: skip
    if is_dataclass(value):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_plain(held) for key, held in value.items()}
    return [as_plain(held) for held in value] if isinstance(value, (list, tuple)) else value


def percent(share: Share) -> str:
    return f"{100 * share.value:.1f} %" if share.of else "-"


def interval(share: Share) -> str:
    low, high = share.interval
    return f"{100 * low:.1f} to {100 * high:.1f} %" if share.of else "-"


def into_card(layouts: Sequence[Layout], command: str, card: Path = CARD) -> None:
    """Put tables in their places in the model card, each with the command that measured it.

    Raises: ValueError: the card has no place for one of them.
    """
    text = card.read_text()
    for layout in layouts:
        text = _placed(text, layout.name, f"`{command}`\n\n{layout.markdown()}")
    card.write_text(text)


def _placed(text: str, name: str, content: str) -> str:
    pattern = rf"(<!-- {name}: measured -->\n).*?(<!-- end of {name} -->)"
    placed, count = re.subn(
        pattern, lambda m: f"{m[1]}{content}\n{m[2]}", text, count=1, flags=re.DOTALL
    )
    if not count:
        raise ValueError(f"the model card has no place for the table {name!r}")
    return placed


def _goal_row(goal: Goal) -> tuple[str, ...]:
    figure = goal.figure
    return (
        _NAMES[goal.name], f"≥ {100 * goal.target:g} %", percent(figure.share),
        interval(figure.share), percent(figure.ceiling), figure.reader, _yes(goal.met),
    )  # fmt: skip


def _yes(met: bool) -> str:
    return "yes" if met else "no"


def _confusions(pairs: Sequence[tuple[str, str, int]]) -> str:
    told = [f"{said} for {seen} ({times})" for said, seen, times in pairs]
    return ", ".join(told).replace("_", " ") or "none"
