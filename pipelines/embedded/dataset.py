"""The training pictures, kept as latents: rendered once, by all cores, in shards on the disk.

A shard is a pure function of its index, so a broken run goes on where it stopped. Pixels are never
kept: 1024 pictures are 17 MB of latents. All pictures of a shard have one frame. Beside the latents
lie the token ids of the pictures' captions.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTokenizer

from pipelines.embedded.canvas import Frame
from pipelines.embedded.captions import captioned
from pipelines.embedded.frames import SQUARE, frame_of
from pipelines.embedded.pca import Pca
from pipelines.embedded.render import render
from pipelines.embedded.tokenizer import token_ids
from pipelines.embedded.world import scene_from_seed

SHARD = 1024
"""Pictures in a shard."""
PICTURE_SEEDS = 10_000_000
"""Seeds of the training pictures begin here; those of the evaluation lie far beyond."""


class OtherShards(Exception):
    """The work folder has shards of another number of pictures."""


@dataclass(frozen=True)
class Shards:
    """Latents and token ids on the disk. `size` is the number of pictures in each shard, `variants`
    the number of captions for each picture."""

    folder: Path
    pca: Pca
    vocabulary: Path
    """The tokenizer's folder."""
    size: int = SHARD
    variants: int = 3
    short_side: int = SQUARE.short

    def path(self, index: int) -> Path:
        return self.folder / f"latents-{index:05d}.npy"

    def _path_of_ids(self, index: int) -> Path:
        return self.folder / f"ids-{index:05d}-{self.variants}.pt"

    def frame(self, index: int) -> Frame:
        return frame_of(index, self.short_side)

    def seeds(self, index: int) -> range:
        first = PICTURE_SEEDS + index * self.size
        return range(first, first + self.size)

    def write(self, index: int) -> None:
        """Render a shard and say it in token ids, unless it is there; the latents come last."""
        if not self.path(index).exists():
            self._write_ids(index)
            pictures = rendered(self.seeds(index), self.frame(index))
            rows = self.pca.encode_many(pictures).numpy()
            unfinished = self.path(index).with_suffix(f".{os.getpid()}.tmp")
            with unfinished.open("wb") as file:
                np.save(file, rows)
            unfinished.replace(self.path(index))

    def _write_ids(self, index: int) -> None:
        texts = [
            captioned(seed, variant=variant)[1].text
            for seed in self.seeds(index)
            for variant in range(self.variants)
        ]
        ids = token_ids(self.tokenizer, texts).short().view(self.size, self.variants, -1)
        path = self._path_of_ids(index)
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        torch.save(ids, unfinished)
        unfinished.replace(path)

    @cached_property
    def tokenizer(self) -> CLIPTokenizer:
        return CLIPTokenizer.from_pretrained(self.vocabulary)

    def complete(self, count: int) -> list[int]:
        """Which of the shards 0 to count are finished."""
        return [index for index in range(count) if self.path(index).exists()]

    def latents(self, index: int) -> Tensor:
        """A shard's latents, [pictures, channels, h / 16, w / 16] in half precision.

        Raises: OtherShards: when the folder was rendered in shards of another size.
        """
        rows = torch.from_numpy(np.load(self.path(index)))
        if len(rows) != self.size:
            raise OtherShards(
                f"{self.path(index)} has {len(rows)} pictures, but this run puts {self.size} into "
                "a shard: give it a work folder of its own (--out)"
            )
        return rows

    def ids(self, index: int) -> Tensor:
        """Token ids of a shard's captions, [pictures, variants, tokens]."""
        path = self._path_of_ids(index)
        if not path.exists():
            self._write_ids(index)
        kept: Tensor = torch.load(path, weights_only=True)
        return kept


def rendered(seeds: range, frame: Frame = SQUARE) -> NDArray[np.uint8]:
    """The pictures of these seeds, [n, h, w, 3]."""
    return np.stack([render(scene_from_seed(seed), frame) for seed in seeds])
