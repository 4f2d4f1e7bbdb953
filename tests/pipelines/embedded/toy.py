"""A training of toy size, and a process that can be killed in the middle of it."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress

from pipelines.embedded.plan import Plan, Run
from pipelines.embedded.train import train

TOY = Plan(
    word_captions=200,
    reader_steps=2,
    gate=0.0,
    gate_captions=20,
    pixel_pictures=24,
    decoder_steps=3,
    decoder_pictures=6,
    decoder_batch=2,
    pictures=16,
    shard=8,
    variants=2,
    channels=(32, 32),
    batch=2,
    denoiser_s=0.2,
    report_s=0.2,
    side=64,
    sheet_prompts=("a red cat",),
)
CPU = torch.device("cpu")


def quiet(plan: Plan, out: Path) -> Run:
    return Run(plan, out, Progress(disable=True), device=CPU)


class Told(Progress):
    """Says on standard output which stage moved on."""

    def update(self, task_id: Any, **fields: Any) -> None:
        super().update(task_id, **fields)
        sys.stdout.write(f"{self.tasks[task_id].description}\n")
        sys.stdout.flush()


def endless(out: Path) -> None:
    """Train, with words and a denoiser that do not end soon, and checkpoints at every look."""
    torch.set_num_threads(1)
    plan = replace(TOY, reader_steps=10**6, denoiser_s=10**4, report_s=10**4)
    plan = replace(plan, checkpoint_s=0, look_every=2)
    train(Run(plan, out, Told(console=Console(stderr=True)), device=CPU))
