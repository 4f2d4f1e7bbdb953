"""Teaches the judge on disturbed renders, and calibrates it on renders it never saw.

So that it looks for what a thing is rather than for the renderer's exact strokes, renders are bent,
shifted, blurred, noised and recoloured, and a fifth went through the model's own autoencoder with
noise in their latents, which gives them the softness of drawn pictures. They come in all frames.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipelines.embedded.dataset import rendered
from pipelines.embedded.frames import frame_of
from pipelines.embedded.judge import HEADS, Answer, Judge, halved, shown
from pipelines.embedded.optimizer import HiddenAndRest
from pipelines.embedded.schedule import learning_rate
from pipelines.embedded.world import Scene, scene_from_seed

JUDGE_SEEDS = 700_000_000
CALIBRATION_SEEDS = 750_000_000
_SOFT_ONE_IN = 5
_RATE = 4e-3
_UNKNOWN = -100
"""Label of an attribute a scene does not have (the colour of a city)."""
_MOST_NOISE = 0.25
"""In latents, as the encoder gives them."""
_COARSEST = 6
"""Latents may lose all detail but their first components: at least so many stay."""
_FADED = 0.3
_TEMPERATURES = torch.logspace(-1, 1.6, 53, base=2.0)
_BINS = 10


@dataclass(frozen=True, slots=True)
class Lesson:
    """Renders of one frame at half size [n, 3, h, w], bytes, and what they show [n, heads]."""

    pictures: Tensor
    labels: Tensor


def lessons(
    seeds: range,
    vae: AutoencoderTiny | None,
    advance: Callable[[int], None] = lambda done: None,
    portion: int = 64,
) -> list[Lesson]:
    """Render what the judge learns from, one lesson a frame; a portion at once has one frame.

    `advance` hears of every portion.
    """
    parts: dict[tuple[int, ...], list[Lesson]] = {}
    for index, first in enumerate(range(seeds.start, seeds.stop, portion)):
        some = range(first, min(first + portion, seeds.stop))
        pictures = rendered(some, frame_of(index))
        if vae is not None and index % _SOFT_ONE_IN == _SOFT_ONE_IN - 1:
            pictures = softened(vae, pictures, torch.Generator().manual_seed(first))
        labels = torch.tensor([labels_of(scene_from_seed(seed)) for seed in some])
        part = Lesson((halved(pictures) * 255).round().byte(), labels)
        parts.setdefault(pictures.shape[1:3], []).append(part)
        advance(len(some))
    return [
        Lesson(torch.cat([p.pictures for p in alike]), torch.cat([p.labels for p in alike]))
        for alike in parts.values()
    ]


@torch.no_grad()
def softened(
    vae: AutoencoderTiny, pictures: NDArray[np.uint8], generator: torch.Generator
) -> NDArray[np.uint8]:
    """Pictures from noisy latents whose finer components have faded. Shapes: [n, h, w, 3]."""
    soft = []
    for one in pictures:
        whole = torch.from_numpy(one[None]).permute(0, 3, 1, 2).float() / 127.5 - 1
        latents = vae.encoder(whole)
        kept = int(torch.randint(_COARSEST, latents.shape[1] + 1, (), generator=generator))
        latents[:, kept:] *= _FADED
        amount = torch.rand((), generator=generator) * _MOST_NOISE
        latents += amount * torch.randn(latents.shape, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            drawn = vae.decoder(latents).float().clamp(-1, 1)
        soft.append(((drawn + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(soft)


def train_judge(
    judge: Judge, taught: Sequence[Lesson], steps: int, batch: int = 64
) -> Iterator[tuple[int, float]]:
    """Train; yields each step's number and loss."""
    generator = torch.Generator().manual_seed(0)
    optimizer = _optimizer(judge.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    sizes = torch.tensor([float(len(lesson.labels)) for lesson in taught])
    for step in range(steps):
        judge.train()
        lesson = taught[int(torch.multinomial(sizes, 1, generator=generator))]
        rows = torch.randint(0, len(lesson.labels), (batch,), generator=generator)
        loss = _loss(judge, lesson, rows, generator)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(judge.parameters(), 5.0)
        optimizer.step(learning_rate(step / steps, step, warmup=50))
        judge.zero_grad()
        yield step + 1, loss.item()
    judge.eval()


def _optimizer(judge: Judge) -> HiddenAndRest:
    """Its hidden layers are the convolutions but the first."""
    convolutions = [module for module in judge.modules() if isinstance(module, nn.Conv2d)]
    known = {id(convolution.weight) for convolution in convolutions[1:]}
    hidden = [parameter for parameter in judge.parameters() if id(parameter) in known]
    rest = [parameter for parameter in judge.parameters() if id(parameter) not in known]
    return HiddenAndRest(hidden, rest, hidden_rate=_RATE, rest_rate=_RATE, rest_decay=0.05)


def _loss(judge: Judge, lesson: Lesson, rows: Tensor, generator: torch.Generator) -> Tensor:
    pictures = disturbed(lesson.pictures[rows].float() / 255, generator)
    with torch.autocast("cpu", torch.bfloat16):
        answers = judge(pictures.contiguous(memory_format=torch.channels_last))
    named = zip(answers, lesson.labels[rows].unbind(1), strict=True)
    return torch.stack(
        [
            F.cross_entropy(logits.float(), labels, ignore_index=_UNKNOWN)
            for logits, labels in named
            if (labels != _UNKNOWN).any()
        ]
    ).sum()


@torch.no_grad()
def calibrate(judge: Judge, unseen: Sequence[Lesson]) -> None:
    """Choose each head's temperature by the likelihood of what unseen renders show."""
    judge.eval()
    for head in range(len(HEADS)):
        logits = torch.cat([judge(lesson.pictures.float() / 255)[head] for lesson in unseen])
        labels = torch.cat([lesson.labels[:, head] for lesson in unseen])
        losses = torch.stack(
            [F.cross_entropy(logits / t, labels, ignore_index=_UNKNOWN) for t in _TEMPERATURES]
        )
        judge.temperatures[head] = _TEMPERATURES[int(losses.argmin())]


def calibration_error(answers: Sequence[Answer], truths: Sequence[str]) -> float:
    """How far stated probabilities are from the shares that are right, on average over answers."""
    stated = np.array([answer.probability for answer in answers])
    right = np.array([a.value == truth for a, truth in zip(answers, truths, strict=True)], float)
    bins = np.minimum((stated * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, stated - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(right))


def labels_of(scene: Scene) -> list[int]:
    """What a scene shows, as indices into the values of each head."""
    told = shown(scene).values()
    return [
        _UNKNOWN if value is None else values.index(value)
        for value, values in zip(told, HEADS.values(), strict=True)
    ]


def disturbed(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Bend and crop, make some coarse or soft, change the light, add noise."""
    bent = _bent(pictures, generator)
    share = (torch.rand((len(bent), 1, 1, 1), generator=generator) * 1.5 - 0.4).clamp(0, 1)
    factor = int(torch.randint(2, 4, (), generator=generator))
    small = F.interpolate(bent, scale_factor=1 / factor, mode="area")
    coarse = F.interpolate(small, bent.shape[2:], mode="bilinear")
    lit = _in_other_light(torch.lerp(bent, coarse, share), generator)
    return (lit + 0.06 * share * torch.randn(lit.shape, generator=generator)).clamp(0, 1)


def _bent(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, shift, scale (at times into a crop) and bend."""
    count = len(pictures)
    turn, spread = 0.08 * torch.randn((2, count), generator=generator)
    scale = 1 + spread
    cos, sin = scale * turn.cos(), scale * turn.sin()
    shift = 0.05 * torch.randn((count, 2), generator=generator)
    matrix = torch.stack([cos, -sin, shift[:, 0], sin, cos, shift[:, 1]], 1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
    waves = 0.04 * torch.randn((count, 2, 5, 5), generator=generator)
    bend = F.interpolate(waves, pictures.shape[2:], mode="bilinear").permute(0, 2, 3, 1)
    return F.grid_sample(pictures, grid + bend, padding_mode="border", align_corners=False)


def _in_other_light(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """A little more or less contrast, colourfulness, brightness and tint."""

    def chance(channels: int = 1) -> Tensor:
        return torch.randn((len(pictures), channels, 1, 1), generator=generator)

    grey, middle = pictures.mean(1, keepdim=True), pictures.mean((2, 3), keepdim=True)
    colourful = grey + (pictures - grey) * (1 + 0.1 * chance())
    return middle + (colourful - middle) * (1 + 0.08 * chance()) + 0.025 * chance(3)
