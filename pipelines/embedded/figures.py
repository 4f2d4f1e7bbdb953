"""Turns verdicts on pictures into shares with their uncertainty, and compares them with the goals.

Pure arithmetic: it knows neither models nor pixels nor captions. A verdict is 1 (shows what was
said), 0 (does not) or NaN (nothing was said); each has a name, and a figure pools some of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Verdicts: TypeAlias = dict[str, NDArray[np.float64]]
"""By name of what was looked at: one verdict per picture."""

FIGURES: dict[str, tuple[str, ...]] = {
    "subject": ("subject", "second subject"),
    "colour": ("colour", "second colour"),
    "setting": ("setting",),
    "style": ("style",),
    "weather": ("weather",),
    "count": ("count",),
    "place": ("order of two", "place of one"),
}
"""What is counted, and the verdicts it pools: of two things, each counts."""
PIXELS = " in pixels"
"""Ends the names of verdicts that the pixel rules give; all others are the judge's."""
PIXEL_FIGURES: dict[str, tuple[str, ...]] = {
    "colour": ("colour in pixels", "both colours in pixels"),
    "setting": ("setting in pixels",),
    "colour of a plain ground": ("setting colour in pixels",),
    "count": ("count in pixels",),
    "place": ("order of two in pixels", "place of one in pixels"),
}
READERS = {"judge": FIGURES, "pixel rules": PIXEL_FIGURES}
GOALS: dict[str, float] = {
    "colour": 0.95,
    "subject": 0.90,
    "setting": 0.90,
    "style": 0.85,
    "count": 0.80,
    "place": 0.80,
}
LANGUAGE_GOAL = 0.03
"""How far Chinese may fall behind English in all that is said."""
_Z = 1.96
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many right of so many, with Wilson's 95 % interval."""

    right: float
    of: int

    @property
    def value(self) -> float:
        return self.right / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Source: E. B. Wilson, "Probable Inference", JASA 22 (1927)."""
        if not self.of:
            return float("nan"), float("nan")
        spread = _Z * _Z / self.of
        middle = (self.value + spread / 2) / (1 + spread)
        reach = sqrt(self.value * (1 - self.value) * spread + spread * spread / 4) / (1 + spread)
        return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured: on drawn pictures, by groups of them, and on true renders."""

    name: str
    reader: str
    groups: Mapping[str, Share]
    ceiling: Share

    @property
    def share(self) -> Share:
        return self.groups["all"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal of the project and what was reached."""

    name: str
    target: float
    figure: Figure

    @property
    def met(self) -> bool:
        return self.figure.share.value >= self.target


@dataclass(frozen=True, slots=True)
class Gap:
    """How far the first share is ahead of the second, with Newcombe's 95 % interval."""

    first: Share
    second: Share

    @property
    def value(self) -> float:
        return self.first.value - self.second.value

    @property
    def interval(self) -> tuple[float, float]:
        """Source: R. G. Newcombe, Statistics in Medicine 17 (1998), method 10."""
        (low, high), (other_low, other_high) = self.first.interval, self.second.interval
        down = sqrt((self.first.value - low) ** 2 + (other_high - self.second.value) ** 2)
        up = sqrt((high - self.first.value) ** 2 + (self.second.value - other_low) ** 2)
        return self.value - down, self.value + up


def figures(
    drawn: Verdicts, true: Verdicts, groups: Mapping[str, NDArray[np.bool_]]
) -> list[Figure]:
    """Every figure by every reader; `groups` are masks over the pictures, "all" among them."""
    found = []
    for reader, names in READERS.items():
        for name, pooled in names.items():
            shares = {group: share(drawn, pooled, where) for group, where in groups.items()}
            found.append(Figure(name, reader, shares, share(true, pooled, groups["all"])))
    everything = {group: share(everything_of(drawn), ("all",), w) for group, w in groups.items()}
    ceiling = share(everything_of(true), ("all",), groups["all"])
    return [*found, Figure("everything said", "judge", everything, ceiling)]


def goals(found: Sequence[Figure]) -> list[Goal]:
    """The goals, each by the reader that is right more often on true renders."""
    return [
        Goal(name, target, max((f for f in found if f.name == name), key=_reliable))
        for name, target in GOALS.items()
    ]


def _reliable(figure: Figure) -> float:
    return figure.ceiling.value if figure.ceiling.of else 0.0


def adherence(verdicts: Verdicts, where: NDArray[np.bool_]) -> Share:
    """Of all that these captions say, the share that the judge sees."""
    return share(verdicts, [name for pooled in FIGURES.values() for name in pooled], where)


def share(verdicts: Verdicts, names: Sequence[str], where: NDArray[np.bool_]) -> Share:
    """Pool verdicts of these names over the pictures of a mask."""
    pooled = np.concatenate([verdicts[name][where] for name in names])
    counted = pooled[~np.isnan(pooled)]
    return Share(float(counted.sum()), len(counted))


def everything_of(verdicts: Verdicts) -> Verdicts:
    """Whether a picture shows all that was said, by the judge."""
    names = [name for pooled in FIGURES.values() for name in pooled]
    rows = np.stack([verdicts[name] for name in names])
    return {"all": np.where(np.isnan(rows), 1.0, rows).min(0)}


def fall(before: Verdicts, after: Verdicts) -> tuple[float, float]:
    """How much adherence fell from one drawing of the same captions to the next, and how sure.

    The second number is the standard error of the first, from the pictures' own differences.
    """
    names = [name for pooled in FIGURES.values() for name in pooled]
    first, second = (np.stack([verdicts[name] for name in names]) for verdicts in (before, after))
    lost = np.nansum(first - second, axis=0)
    said = (~np.isnan(first)).sum(0)
    fallen = float(lost.sum() / said.sum())
    error = sqrt(float(np.square(lost - fallen * said).sum())) / float(said.sum())
    return fallen, error
