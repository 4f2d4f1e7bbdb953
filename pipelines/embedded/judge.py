"""A small classifier that says what a picture shows: taught on renders, asked about drawings.

It sees renders bent, shifted, blurred, noised and recoloured a little, small, so that it
looks for what a thing is rather than for the renderer's exact strokes. What it gets right on
renders it never saw is the ceiling of every figure it gives; the evaluator prints it beside them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from pipelines.embedded.render import render
from pipelines.embedded.schedule import learning_rate
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
    scene_from_seed,
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
JUDGE_SEEDS = 700_000_000
_SIDE = 96
_BATCH = 64
_UNKNOWN = -100
"""Label of an attribute a scene does not have (the colour of a city)."""
_WIDTHS = (32, 64, 128, 160)


class Judge(nn.Module):
    """Four convolutions with strides, and one linear head per attribute."""

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = [nn.Conv2d(3, _WIDTHS[0], 5, 2, 2), nn.ReLU()]
        for narrow, wide in pairwise(_WIDTHS):
            blocks += [nn.Conv2d(narrow, wide, 3, 2, 1), nn.BatchNorm2d(wide), nn.ReLU()]
            blocks += [nn.Conv2d(wide, wide, 3, 1, 1), nn.BatchNorm2d(wide), nn.ReLU()]
        self.look = nn.Sequential(*blocks, nn.Flatten())
        self.think = nn.Sequential(nn.Linear(_WIDTHS[-1] * 36, 320), nn.ReLU(), nn.Dropout(0.2))
        self.name = nn.Linear(320, sum(len(values) for values in HEADS.values()))

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Logits per head. Shapes: pictures [n, 3, 96, 96], 0 to 1."""
        logits = self.name(self.think(self.look(pictures - 0.5)))
        split: tuple[Tensor, ...] = logits.split([len(values) for values in HEADS.values()], 1)
        return split

    @torch.no_grad()
    def read(self, pictures: NDArray[np.uint8]) -> list[dict[str, str]]:
        """Say what each picture [n, h, w, 3] shows, by head."""
        self.eval()
        answers = [logits.argmax(1).tolist() for logits in self(shrunk(pictures))]
        columns = [
            [values[i] for i in row] for row, values in zip(answers, HEADS.values(), strict=True)
        ]
        return [dict(zip(HEADS, row, strict=True)) for row in zip(*columns, strict=True)]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Small renders [n, 3, 96, 96] and what they show [n, heads]."""

    pictures: Tensor
    labels: Tensor


def lesson(seeds: range) -> Lesson:
    """Render what the judge learns from."""
    scenes = [scene_from_seed(seed) for seed in seeds]
    pictures = torch.cat([shrunk(render(scene)[None]) for scene in scenes])
    return Lesson((pictures * 255).byte(), torch.tensor([_labels(scene) for scene in scenes]))


def shown(scene: Scene) -> dict[str, str | None]:
    """What a picture of this scene shows, by head; None where there is nothing to say."""
    other = scene.things[1] if scene.relation else None
    return {
        "subject": scene.main.subject,
        "colour": scene.main.colour,
        "other_subject": other and other.subject,
        "other_colour": other and other.colour,
        "relation": scene.relation,
        "position": None if scene.relation else scene.position,
        "setting": scene.setting,
        "weather": scene.weather,
        "style": scene.style,
        "count": str(scene.count),
    }


def train_judge(judge: Judge, lesson: Lesson, steps: int) -> Iterator[tuple[int, float]]:
    """Train; yields each step's number and loss."""
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=0.02, fused=True)
    for step in range(steps):
        judge.train()
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * learning_rate(step / steps, step, warmup=50)
        rows = torch.randint(0, len(lesson.pictures), (_BATCH,), generator=generator)
        pictures = _disturbed(lesson.pictures[rows].float() / 255, generator)
        with torch.autocast("cpu", torch.bfloat16):
            answers = judge(pictures)
        named = zip(answers, lesson.labels[rows].unbind(1), strict=True)
        losses = [
            F.cross_entropy(logits.float(), labels, ignore_index=_UNKNOWN)
            for logits, labels in named
            if (labels != _UNKNOWN).any()
        ]
        loss = torch.stack(losses).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        yield step + 1, loss.item()
    judge.eval()


def save_judge(judge: Judge, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(judge.state_dict(), path)


def load_judge(path: Path) -> Judge:
    judge = Judge()
    judge.load_state_dict(load_file(path))
    return judge.eval()


def shrunk(pictures: NDArray[np.uint8]) -> Tensor:
    """Pictures as the judge sees them: [n, 3, 96, 96], 0 to 1."""
    whole = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    return F.interpolate(whole, (_SIDE, _SIDE), mode="area")


def _labels(scene: Scene) -> list[int]:
    told = shown(scene).values()
    return [
        _UNKNOWN if value is None else values.index(value)
        for value, values in zip(told, HEADS.values(), strict=True)
    ]


def _disturbed(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, shift, scale and bend; blur some; change the light; add noise."""
    count = len(pictures)

    def chance(*shape: int) -> Tensor:
        return torch.randn((count, *shape), generator=generator)

    turn, scale = 0.08 * chance(), 1 + 0.08 * chance()
    cos, sin = scale * turn.cos(), scale * turn.sin()
    shift = 0.05 * chance(2)
    matrix = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], 1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
    bend = F.interpolate(0.04 * chance(2, 5, 5), (_SIDE, _SIDE), mode="bicubic")
    bent = F.grid_sample(
        pictures, grid + bend.permute(0, 2, 3, 1), padding_mode="border", align_corners=False
    )
    soft = F.avg_pool2d(F.pad(bent, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = torch.rand((count, 1, 1, 1), generator=generator)
    lit = torch.lerp(bent, soft, share) * (1 + 0.06 * chance(1, 1, 1)) + 0.02 * chance(3, 1, 1)
    return (lit + 0.05 * share * torch.randn(lit.shape, generator=generator)).clamp(0, 1)
