"""A small classifier that says what a picture shows, and how sure it is.

It was taught on renders (`judge_training`) and is asked about drawings. It sees pictures at half
size in their own shape, and names attributes one by one. What it gets right on renders it never
saw is the ceiling of every figure it gives; the evaluator prints it beside them. Knows no captions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from pipelines.embedded.world import (
    COLOURS,
    MOST_COUNTED,
    POSITIONS,
    RELATIONS,
    SETTINGS,
    SHAPES,
    STYLES,
    SUBJECTS,
    THINGS,
    WEATHERS,
    Scene,
)

HEADS: dict[str, tuple[str, ...]] = {
    "subject": SUBJECTS,
    "colour": COLOURS,
    "other_subject": SHAPES + THINGS,
    "other_colour": COLOURS,
    "relation": RELATIONS,
    "position": POSITIONS,
    "setting": SETTINGS,
    "weather": WEATHERS,
    "style": STYLES,
    "count": tuple(str(n) for n in range(1, MOST_COUNTED + 1)),
}
"""Of two things `subject` is the upper or the left one, as in captions."""
_WIDTHS = (48, 96, 192)
_RESIDUALS = (2, 3)
_REGIONS = 5
_THOUGHT = 384
_AT_ONCE = 64
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a picture shows, and the calibrated probability that it does."""

    value: str
    probability: float

    @property
    def sure(self) -> bool:
        """Whether it is rather right than wrong: what is less clear counts as not shown."""
        return self.probability >= _SURE


class Residual(nn.Module):
    """A convolution that adds to what it is given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.change = _convolution(width, width, 3, 1)

    def forward(self, maps: Tensor) -> Tensor:
        added: Tensor = maps + self.change(maps)
        return added


class Judge(nn.Module):
    """Three levels of convolutions, one linear head per attribute, one temperature per head.

    Heads see the mean and the maximum of every map, over the whole picture and each half of it:
    what a thing is does not depend on its place, and yet its place is known. Against maps laid out
    flat that reached the same loss in a sixth of the steps.
    """

    temperatures: Tensor

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = [_convolution(3, _WIDTHS[0], 6, 4)]
        for (narrow, wide), residuals in zip(pairwise(_WIDTHS), _RESIDUALS, strict=True):
            blocks += [_convolution(narrow, wide, 3, 2)]
            blocks += [Residual(wide) for _ in range(residuals)]
        self.look = nn.Sequential(*blocks)
        self.think = nn.Sequential(
            nn.Linear(2 * _REGIONS * _WIDTHS[-1], _THOUGHT, bias=False),
            nn.BatchNorm1d(_THOUGHT),
            nn.ReLU(),
            nn.Dropout(0.1),
        )
        self.name = nn.Linear(_THOUGHT, sum(len(values) for values in HEADS.values()))
        self.register_buffer("temperatures", torch.ones(len(HEADS)))

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Logits per head. Shapes: pictures [n, 3, h, w] at half size, 0 to 1."""
        seen = [
            summary
            for region in _regions(self.look(pictures - 0.5))
            for summary in (region.mean((2, 3)), region.amax((2, 3)))
        ]
        logits = self.name(self.think(torch.cat(seen, 1)))
        split: tuple[Tensor, ...] = logits.split([len(values) for values in HEADS.values()], 1)
        return split

    @torch.no_grad()
    def read(self, pictures: NDArray[np.uint8]) -> list[dict[str, Answer]]:
        """Say what each picture [n, h, w, 3] shows, by head."""
        self.eval()
        batches = range(0, len(pictures), _AT_ONCE)
        return [answers for n in batches for answers in self._answers(pictures[n : n + _AT_ONCE])]

    def _answers(self, pictures: NDArray[np.uint8]) -> list[dict[str, Answer]]:
        columns = []
        logits = self(halved(pictures))
        for values, of_head, temperature in zip(
            HEADS.values(), logits, self.temperatures, strict=True
        ):
            best = (of_head / temperature).softmax(1).max(1)
            pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
            columns.append([Answer(values[index], share) for index, share in pairs])
        return [dict(zip(HEADS, row, strict=True)) for row in zip(*columns, strict=True)]


def shown(scene: Scene) -> dict[str, str | None]:
    """What a picture of this scene shows, by head; None where there is nothing to say."""
    other = scene.things[1] if scene.relation else None
    alone = scene.relation is None and scene.count == 1
    return {
        "subject": scene.main.subject,
        "colour": scene.main.colour,
        "other_subject": other.subject if other else None,
        "other_colour": other.colour if other else None,
        "relation": scene.relation,
        "position": scene.position if alone else None,
        "setting": scene.setting,
        "weather": scene.weather,
        "style": scene.style,
        "count": None if scene.relation else str(scene.count),
    }


def halved(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures as the judge sees them: [n, 3, h / 2, w / 2], 0 to 1."""
    whole = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    return F.avg_pool2d(whole, 2).contiguous(memory_format=torch.channels_last)


def read_all(judge: Judge, pictures: Sequence[NDArray[np.uint8]]) -> list[dict[str, Answer]]:
    """Read pictures [h, w, 3] of different shapes, in their order."""
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for index, picture in enumerate(pictures):
        by_shape.setdefault(picture.shape, []).append(index)
    read: dict[int, dict[str, Answer]] = {}
    for indices in by_shape.values():
        alike = np.stack([pictures[index] for index in indices])
        read.update(zip(indices, judge.read(alike), strict=True))
    return [read[index] for index in range(len(pictures))]


def save_judge(judge: Judge, path: Path) -> None:
    """Write the judge, so that a broken run leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    save_file({name: part.contiguous() for name, part in judge.state_dict().items()}, unfinished)
    unfinished.replace(path)


def load_judge(path: Path) -> Judge:
    judge = Judge()
    judge.load_state_dict(load_file(path))
    return judge.eval()


def _convolution(narrow: int, wide: int, side: int, stride: int) -> nn.Sequential:
    padding = (side - stride + 1) // 2
    convolution = nn.Conv2d(narrow, wide, side, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(wide), nn.ReLU())


def _regions(maps: Tensor) -> tuple[Tensor, ...]:
    """The whole, and the upper, lower, left and right half."""
    height, width = maps.shape[2:]
    low, right = height // 2, width // 2
    return (
        maps,
        maps[:, :, : height - low],
        maps[:, :, low:],
        maps[..., : width - right],
        maps[..., right:],
    )
