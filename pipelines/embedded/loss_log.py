"""Logs the denoiser's loss as lines of a table, and draws it as a picture."""

import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SIZE = (900, 420)
_MARGIN = (70, 24, 24, 50)
"""Left, top, right, bottom. Units: pixels."""
_PAPER, _INK, _GRID, _FAINT, _LINE = "#fcfcfa", "#303036", "#dcdcd8", "#b8c8e0", "#2060b0"
_MEMORY = 0.9
_TICKS = 5


@dataclass(frozen=True, slots=True)
class LossLog:
    """A file of lines `step,samples,seconds,loss`, each the mean since the line before."""

    path: Path

    def add(self, step: int, samples: int, seconds: float, loss: float) -> None:
        with self.path.open("a") as file:
            file.write(f"{step},{samples},{seconds:.0f},{loss:.5f}\n")

    def forget_after(self, step: int) -> None:
        """Drop the lines of steps that a checkpoint does not have."""
        if self.path.exists():
            kept = [line for line in self.path.read_text().splitlines(keepends=True)
                    if int(line.partition(",")[0]) <= step]  # fmt: skip
            unfinished = self.path.with_suffix(".tmp")
            unfinished.write_text("".join(kept))
            unfinished.replace(self.path)

    def read(self) -> list[tuple[int, float]]:
        """Samples and loss of each line."""
        if not self.path.exists():
            return []
        rows = [line.split(",") for line in self.path.read_text().splitlines()]
        return [(int(samples), float(loss)) for _, samples, _, loss in rows]


def loss_picture(points: list[tuple[int, float]]) -> Image.Image:
    """The loss over the samples seen, on a logarithmic scale, with its running mean."""
    picture = Image.new("RGB", _SIZE, _PAPER)
    pen = ImageDraw.Draw(picture)
    if len(points) < 2:
        return picture
    smooth = _running_mean([loss for _, loss in points])
    last = points[-1][0]
    low, high = min(loss for _, loss in points), max(smooth)
    scale = _Scale(last, math.log(low), math.log(max(high, low * 1.01)))
    _axes(pen, scale)
    pen.line([scale.at(samples, loss) for samples, loss in points], fill=_FAINT)
    means = zip((samples for samples, _ in points), smooth, strict=True)
    pen.line([scale.at(samples, loss) for samples, loss in means], fill=_LINE, width=2)
    return picture


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a point of the plot lies on the picture."""

    samples: int
    low: float
    high: float

    def at(self, samples: float, loss: float) -> tuple[float, float]:
        left, top, right, bottom = _MARGIN
        wide, tall = _SIZE[0] - left - right, _SIZE[1] - top - bottom
        up = min(1.0, (math.log(loss) - self.low) / (self.high - self.low))
        return left + wide * samples / self.samples, top + tall * (1 - up)


def _axes(pen: ImageDraw.ImageDraw, scale: _Scale) -> None:
    font = ImageFont.load_default(size=13)
    for n in range(_TICKS + 1):
        share = n / _TICKS
        loss = math.exp(scale.low + share * (scale.high - scale.low))
        (left, y), (right, _) = scale.at(0, loss), scale.at(scale.samples, loss)
        pen.line([(left, y), (right, y)], fill=_GRID)
        pen.text((left - 8, y), f"{loss:.3f}", fill=_INK, font=font, anchor="rm")
        x, _ = scale.at(share * scale.samples, loss)
        bottom = _SIZE[1] - _MARGIN[3]
        pen.text(
            (x, bottom + 8), f"{share * scale.samples:,.0f}", fill=_INK, font=font, anchor="ma"
        )
    pen.text((_SIZE[0] / 2, _SIZE[1] - 6), "samples", fill=_INK, font=font, anchor="ms")


def _running_mean(losses: list[float]) -> list[float]:
    means, mean = [], losses[0]
    for loss in losses:
        mean = _MEMORY * mean + (1 - _MEMORY) * loss
        means.append(mean)
    return means
