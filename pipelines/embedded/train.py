"""Trains the embedded model from nothing: `python -m pipelines.embedded.train --minutes 80`.

Stages, in order, each skipped when its result lies in the work folder, so a broken run goes on
where it stopped:

    words      the tokenizer and the text encoder, with a gate: it must name what captions say
    pixels     the encoder (an analysis of rendered pictures) and its learned decoder
    latents    the training pictures, rendered and encoded once
    denoiser   the long one: --minutes of it, with a loss log and sample sheets
    ship       the finished pipeline folder

Needs the `train` extra. With a CUDA GPU the denoiser trains there, in bfloat16 either way.
"""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeRemainingColumn

from pipelines.embedded import stages
from pipelines.embedded.stages import Plan, Run

_STAGES: dict[str, Callable[[Run], None]] = {
    "words": stages.words,
    "pixels": stages.pixels,
    "latents": stages.latents,
    "denoiser": stages.denoiser,
    "ship": stages.ship_folder,
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line asked for."""

    stages: tuple[str, ...]
    plan: Plan
    out: Path


def train(run: Run, names: tuple[str, ...] = tuple(_STAGES)) -> None:
    """Run these stages in order."""
    run.out.mkdir(parents=True, exist_ok=True)
    for name in names:
        _STAGES[name](run)


def main(arguments: list[str] | None = None) -> int:
    wanted = _parse(arguments)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    columns = (
        *Progress.get_default_columns()[:-1],
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        train(Run(wanted.plan, wanted.out, progress), wanted.stages)
    return 0


def _parse(arguments: list[str] | None) -> _Wanted:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.embedded.train",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument("--minutes", type=float, default=80.0, help="of training the denoiser")
    parser.add_argument("--pictures", type=int, default=90_000, help="to render and learn from")
    parser.add_argument("--batch", type=int, default=128, help="pictures in a step of the denoiser")
    parser.add_argument("--rate", type=float, default=2e-3, help="the denoiser's learning rate")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="that render")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (0: torch's choice)")
    parser.add_argument("--out", type=Path, default=Path("build/embedded"), help="the work folder")
    parser.add_argument("--stage", choices=_STAGES, action="append", help="only this one")
    asked = parser.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    plan = replace(
        Plan(),
        denoiser_s=asked.minutes * 60,
        pictures=asked.pictures,
        batch=asked.batch,
        rate=asked.rate,
        workers=asked.workers,
        threads=torch.get_num_threads(),
    )
    return _Wanted(tuple(asked.stage or _STAGES), plan, asked.out)


if __name__ == "__main__":
    sys.exit(main())
