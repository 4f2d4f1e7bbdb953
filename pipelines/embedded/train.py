"""Trains the embedded model: `python -m pipelines.embedded.train --minutes 20`.

`--minutes` is what the whole command may take, from nothing to a pipeline folder that draws; each
stage gets a share. Without it every stage does all of its plan, which is how the shipped weights
were made. Stages, in order:

    words      the tokenizer and the text encoder, with a gate: it must name what captions say
    pixels     the encoder (an analysis of rendered pictures) and its learned decoder
    latents    the training pictures, rendered and encoded once
    denoiser   the long one, with a loss log and sample sheets
    ship       the finished pipeline folder
    evaluate   its figures, when `--evaluate` says on how many captions

A stage whose result lies in the work folder is skipped, one that was broken off goes on, so the
same command again resumes. `--from FOLDER` begins with the weights of an earlier training. With a
CUDA GPU everything is learned there, in bfloat16 either way, while all cores render. Needs the
`train` extra. More: docs/training.md.
"""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pipelines.embedded import stages
from pipelines.embedded.arithmetic import quick_arithmetic
from pipelines.embedded.beginning import OtherModel, begin_from
from pipelines.embedded.dataset import OtherShards
from pipelines.embedded.denoiser_stage import denoiser
from pipelines.embedded.evaluation_stage import evaluate
from pipelines.embedded.plan import Clock, Plan, Run
from pipelines.embedded.rendering import Rendering, RenderingFailed

_STAGES: dict[str, Callable[[Run], None]] = {
    "words": stages.words,
    "pixels": stages.pixels,
    "latents": stages.latents,
    "denoiser": denoiser,
    "ship": stages.ship_folder,
    "evaluate": evaluate,
}


@dataclass(frozen=True, slots=True)
class Beginning:
    """Whose weights to begin from."""

    weights: Path
    denoiser: bool = True


def train(
    run: Run, names: tuple[str, ...] = tuple(_STAGES), beginning: Beginning | None = None
) -> None:
    """Run these stages in order."""
    run.out.mkdir(parents=True, exist_ok=True)
    if beginning and not run.work.reader_file.exists():
        steps = run.plan.decoder_steps
        begin_from(beginning.weights, run.work, steps, denoiser=beginning.denoiser)
    elif beginning:
        run.log(f"goes on with what lies in {run.out}, which has begun already")
    plan = run.plan
    if plan.beside and "denoiser" in names:
        stages.vocabulary(run)
        stages.analysis(run)
        with Rendering(run.shards, plan.shards, plan.workers) as rendering:
            _each(replace(run, rendering=rendering), names)
    else:
        _each(run, names)


def _each(run: Run, names: tuple[str, ...]) -> None:
    for name in names:
        _STAGES[name](run)


def main(arguments: list[str] | None = None) -> int:
    clock_began = Clock().began
    asked = parser().parse_args(arguments)
    torch.manual_seed(0)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    beginning = Beginning(asked.begin, not asked.new_denoiser) if asked.begin else None
    console = Console(stderr=True)
    with quick_arithmetic(asked.threads), Progress(*columns, console=console) as progress:
        run = run_of(asked, progress, clock_began)
        try:
            train(run, tuple(asked.stage or _STAGES), beginning)
        except (stages.GateClosed, OtherModel, OtherShards, RenderingFailed) as error:
            run.log(f"stopped: {error}")
            return 1
    return 0


def run_of(asked: argparse.Namespace, progress: Progress, began: float) -> Run:
    """What the command line asked for. Names a device that may not be there."""
    device = torch.device(asked.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    plan = Plan().for_cuda() if device.type == "cuda" else Plan()
    named = ("pictures", "batch", "rate", "workers", "evaluate")
    said = {name: value for name in named if (value := getattr(asked, name)) is not None}
    if asked.denoiser_minutes is not None:
        said["denoiser_s"] = asked.denoiser_minutes * 60
    plan = replace(plan, threads=torch.get_num_threads(), **said)
    clock = Clock(asked.minutes * 60, began) if asked.minutes is not None else Clock()
    return Run(plan, asked.out, progress, clock, device, asked.carry_to)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m pipelines.embedded.train",
        description=(__doc__ or "").splitlines()[0],
    )
    add = made.add_argument
    long = made.add_mutually_exclusive_group().add_argument
    long("--minutes", type=float, help="for the whole command, dealt out to the stages")
    long("--denoiser-minutes", type=float, help="for the denoiser; the other stages do their plan")
    add("--out", type=Path, default=Path("build/embedded"), help="the work folder")
    add("--from", type=Path, dest="begin", metavar="FOLDER", help="begin with these weights")
    add("--new-denoiser", action="store_true", help="but with a denoiser that knows nothing")
    add(
        "--carry-to",
        type=Path,
        metavar="FOLDER",
        help="leave weights, sheet, loss and figures there, in files of 16 MB at most",
    )
    add("--evaluate", type=int, metavar="CAPTIONS", help="draw and judge so many at the end")
    add("--pictures", type=int, help="to render and learn from")
    add("--batch", type=int, help="pictures in a step of the denoiser")
    add("--rate", type=float, help="the denoiser's learning rate")
    add("--workers", type=int, default=os.cpu_count(), help="processes that render")
    add("--threads", type=int, help="CPU threads that learn")
    add("--device", choices=("cpu", "cuda"), help="cuda where there is one, unless said")
    add("--stage", choices=_STAGES, action="append", help="only this one")
    return made


if __name__ == "__main__":
    sys.exit(main())
