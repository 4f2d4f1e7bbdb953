"""Leaves what one needs of a run in few files of at most 16 MB: the weights in parts, the newest
sheet, the loss, the figures."""

import shutil
from pathlib import Path

from pipelines.embedded.shards import split
from pipelines.embedded.work_folder import WorkFolder

FIGURES = "figures.json"


def carry_away(work: WorkFolder, into: Path) -> None:
    """Write it, replacing that of an earlier report."""
    split(work.weights, into)
    sheets = sorted(work.out.glob("samples-*.png"))
    named = {"sheet.png": sheets[-1]} if sheets else {}
    named |= {name: work.out / name for name in ("loss.png", FIGURES)}
    for name, source in named.items():
        if source.exists():
            shutil.copyfile(source, into / name)
