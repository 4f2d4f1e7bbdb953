"""The training pictures, kept as latents: rendered once, by all cores, in shards on the disk.

A shard is a pure function of its index, so a broken run goes on where it stopped. Pixels are never
kept: 1024 pictures are 17 MB of latents. All pictures of a shard have one frame.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.embedded.autoencoder import Pca
from pipelines.embedded.canvas import Frame
from pipelines.embedded.captions import captioned
from pipelines.embedded.frames import SQUARE, frame_of
from pipelines.embedded.render import render
from pipelines.embedded.world import scene_from_seed

SHARD = 1024
"""Pictures in a shard."""
PICTURE_SEEDS = 10_000_000
"""Seeds of the training pictures begin here; those of the evaluation lie far beyond."""


@dataclass(frozen=True, slots=True)
class Shards:
    """Latents on the disk. `size` is the number of pictures in each shard."""

    folder: Path
    pca: Pca
    size: int = SHARD
    short_side: int = SQUARE.short

    def path(self, index: int) -> Path:
        return self.folder / f"latents-{index:05d}.npy"

    def seeds(self, index: int) -> range:
        first = PICTURE_SEEDS + index * self.size
        return range(first, first + self.size)

    def write(self, index: int) -> int:
        """Render a shard unless it is there; returns its index."""
        path = self.path(index)
        if not path.exists():
            pictures = rendered(self.seeds(index), frame_of(index, self.short_side))
            rows = self.pca.encode_many(pictures).numpy()
            unfinished = path.with_suffix(f".{os.getpid()}.tmp")
            with unfinished.open("wb") as file:
                np.save(file, rows)
            unfinished.replace(path)
        return index

    def write_all(self, count: int, workers: int) -> Iterator[int]:
        """Render shards 0 to count in so many processes; yields as they finish."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if workers == 1:
            yield from map(self.write, range(count))
            return
        pool = ProcessPoolExecutor(
            workers,
            mp_context=get_context("spawn"),
            initializer=torch.set_num_threads,
            initargs=(1,),
        )
        with pool:
            yield from pool.map(self.write, range(count))

    def complete(self) -> int:
        """How many shards, counted from the first, are finished."""
        count = 0
        while self.path(count).exists():
            count += 1
        return count

    def load(self, index: int) -> Tensor:
        """A shard's latents, [pictures, channels, h / 16, w / 16] in half precision."""
        return torch.from_numpy(np.load(self.path(index)))

    def captions(self, index: int, variants: int) -> list[str]:
        """`variants` captions for every picture of a shard, one picture after another."""
        return [
            captioned(seed, variant=variant)[1].text
            for seed in self.seeds(index)
            for variant in range(variants)
        ]


def rendered(seeds: range, frame: Frame = SQUARE) -> NDArray[np.uint8]:
    """The pictures of these seeds, [n, h, w, 3]."""
    return np.stack([render(scene_from_seed(seed), frame) for seed in seeds])
