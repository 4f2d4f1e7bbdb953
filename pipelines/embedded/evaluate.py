"""Measures how well pictures follow their prompts: `python -m pipelines.embedded.evaluate`.

Draws captions that training never saw (the held-out ones, of scenes beyond its seeds), English and
Chinese, squares and other frames, and asks two independent readers what came out (`readers`). Only
what a caption says is counted, and both readers' figures on true renders stand beside the result.

`--guidance 1,2,3,5,7` and `--steps 4,6,8,16,28` draw the same captions again and again and show
what each does to them; guidance is the API's, as the server translates it, unless `--own` is said.

Needs the `train` extra. The judge is taught once (about half an hour of one core) and kept
in the work folder with what the pixel rules compare settings with.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from diffusers import DiffusionPipeline
from rich.console import Console
from rich.progress import Progress

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.arithmetic import quick_arithmetic
from pipelines.embedded.canvas import Frame
from pipelines.embedded.cases import Case, cases, groups_of, renders
from pipelines.embedded.drawing import NATIVE, draw
from pipelines.embedded.figures import (
    Gap,
    Verdicts,
    adherence,
    everything_of,
    fall,
    figures,
    goals,
    share,
)
from pipelines.embedded.judge import read_all
from pipelines.embedded.progress import advancing, bars
from pipelines.embedded.readers import Readers, Schooling, prepare_readers
from pipelines.embedded.report import Point, Result, Sweep, Training, as_plain, into_card
from pipelines.embedded.trust import confusions, head_reports
from pipelines.families.embedded import FAMILY, STEPS
from pipelines.types import Pixels, Size

_THREADS = 2
"""The laptop's cores that the goal for seconds is stated for."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is measured, with whose eyes, and where progress is shown."""

    pipeline: Any
    readers: Readers
    progress: Progress
    steps: int = STEPS["standard"]
    guidance: float = FAMILY.guidance(None)
    """The model's own."""
    timed: int = 5
    """Pictures that are drawn for the median of their seconds."""

    def draw(self, asked: Sequence[Case], what: str, **changed: Any) -> list[Pixels]:
        """Draw these cases, each in its frame and from its own noise."""
        settings = {"guidance": self.guidance, "steps": self.steps} | changed
        by_frame: dict[Frame, list[int]] = {}
        for index, one in enumerate(asked):
            by_frame.setdefault(one.frame, []).append(index)
        drawn: dict[int, Pixels] = {}
        with advancing(self.progress, what, len(asked)) as advance:
            for frame, indices in by_frame.items():
                part = [asked[index] for index in indices]
                pictures = draw(
                    self.pipeline,
                    [one.caption.text for one in part],
                    seeds=[one.seed for one in part],
                    size=Size(frame.width, frame.height),
                    advance=advance,
                    **settings,
                )
                drawn.update(zip(indices, pictures, strict=True))
        return [drawn[index] for index in range(len(asked))]


def evaluate(run: Run, captions: int) -> Result:
    """Draw held-out captions and compare; more prompts of two and three make the counts firm."""
    asked = cases(captions, counted=captions // 9)
    pictures, truths = run.draw(asked, "drawing"), renders(asked)
    drawn, true = (run.readers.verdicts(shown, asked) for shown in (pictures, truths))
    of_drawn, of_true = (read_all(run.readers.judge, shown) for shown in (pictures, truths))
    groups = groups_of(asked)
    all_figures = figures(drawn, true, groups)
    return Result(
        captions=captions,
        guidance=run.guidance,
        steps=run.steps,
        figures=all_figures,
        goals=goals(all_figures),
        languages=Gap(*(adherence(drawn, groups[name]) for name in ("English", "Chinese"))),
        seconds=seconds_per_picture(run),
        device=run.pipeline.device.type,
        judge=head_reports(of_drawn, of_true, asked),
        confused={
            "drawn pictures": confusions(of_drawn, asked),
            "true renders": confusions(of_true, asked),
        },
    )


Change: TypeAlias = tuple[float, dict[str, Any]]
"""A value as it is shown, and what it changes when a picture is drawn."""


def sweep(run: Run, name: str, values: Sequence[Change], captions: int) -> Sweep:
    """Draw the same captions from the same noise with one value after another."""
    asked = cases(captions)
    everyone = np.ones(len(asked), bool)
    points: list[Point] = []
    before: Verdicts | None = None
    for value, changed in values:
        began = time.perf_counter()
        pictures = run.draw(asked, f"{name} {value:g}", **changed)
        seconds = (time.perf_counter() - began) / len(asked)
        seen = run.readers.verdicts(pictures, asked)
        points.append(
            Point(
                value=value,
                own=next(iter(changed.values())),
                adherence=adherence(seen, everyone),
                everything=share(everything_of(seen), ["all"], everyone),
                fallen=fall(before, seen) if before else (0.0, 0.0),
                seconds=seconds,
            )
        )
        before = seen
    return Sweep(name, len(asked), points)


def seconds_per_picture(run: Run) -> float:
    """The median time of one square picture, alone; on a CPU, on two threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    took = []
    for number in range(run.timed + 1):
        began = time.perf_counter()
        draw(run.pipeline, ["a cat"], seeds=[number], size=NATIVE, guidance=run.guidance,
             steps=run.steps)  # fmt: skip
        took.append(time.perf_counter() - began)
    torch.set_num_threads(before)
    return statistics.median(took[1:])


def main(arguments: list[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    asked = parser().parse_args(words)
    if asked.training:
        return told([Training.of(asked.training)], asked, words)
    with quick_arithmetic(asked.threads), bars() as progress:
        found = _all_asked(asked, progress)
    return told(found, asked, words)


def _all_asked(asked: argparse.Namespace, progress: Progress) -> list[Result | Sweep]:
    pipeline = DiffusionPipeline.from_pretrained(asked.weights, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    schooling = Schooling(asked.judge_pictures, asked.judge_steps, asked.references)
    readers = prepare_readers(asked.work, pipeline.vae, schooling, progress)
    pipeline.to("cuda" if torch.cuda.is_available() else "cpu")
    return measured(Run(pipeline, readers, progress), asked)


def told(
    found: Sequence[Result | Sweep | Training], asked: argparse.Namespace, words: Sequence[str]
) -> int:
    """Say what was found, and write it down where that is wanted."""
    layouts = [layout for each in found for layout in each.layouts()]
    if asked.json:
        print(json.dumps(as_plain(found), indent=2))  # noqa: T201 - output
    else:
        for layout in layouts:
            layout.show(Console(width=None if sys.stdout.isatty() else 120))
    if asked.card:
        into_card(layouts, " ".join(["python -m pipelines.embedded.evaluate", *words]))
    return 0


def measured(run: Run, asked: argparse.Namespace) -> list[Result | Sweep]:
    """What was asked for: the goals, or what guidance and steps do."""
    found: list[Result | Sweep] = []
    if asked.guidance:
        values = [(v, {"guidance": v if asked.own else FAMILY.guidance(v)}) for v in asked.guidance]
        found.append(sweep(run, "guidance", values, asked.sweep_captions))
    if asked.steps:
        steps = [(float(v), {"steps": int(v)}) for v in asked.steps]
        found.append(sweep(run, "steps", steps, asked.sweep_captions))
    return found or [evaluate(run, asked.captions)]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m pipelines.embedded.evaluate")
    add, whole = made.add_argument, Schooling()
    add("--weights", type=Path, default=EMBEDDED_WEIGHTS)
    add("--captions", type=int, default=540)
    add("--guidance", type=numbers, help="draw with each of these of the API's: 1,2,3,5,7")
    add("--own", action="store_true", help="--guidance is the model's own, not the API's")
    add("--steps", type=numbers, help="draw with each of these: 4,6,8,16,28")
    add("--sweep-captions", type=int, default=240, help="for --guidance and --steps")
    add("--work", type=Path, default=Path("build/embedded"), help="keeps the judge")
    add("--threads", type=int, help="as many as torch takes unless said")
    add("--judge-pictures", type=int, default=whole.pictures)
    add("--judge-steps", type=int, default=whole.steps)
    add("--references", type=int, default=whole.references, help="settings for the pixel rules")
    add("--training", type=Path, metavar="FOLDER", help="tell of the training in that work folder")
    add("--json", action="store_true", help="figures as JSON on standard output")
    add("--card", action="store_true", help="write the tables into the model card")
    return made


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
