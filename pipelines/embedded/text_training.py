"""Teaches the text encoder what captions mean before any picture is drawn.

A text encoder trained together with a small denoiser never learns to tell prompts apart: its
gradient is too faint. The scenes give us every caption's meaning for nothing, so the encoder first
learns to name all attributes of a caption (`captions.ATTRIBUTES`). The stock pipelines pass no
padding mask to the denoiser, so the padding positions must carry the meaning too: the loss reads
the state at the end token and at one random position of the padding.

A batch is a pure function of its number: a broken training goes on with the next one.
"""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTokenizer

from pipelines.embedded.captions import Caption, captioned, nothing_said
from pipelines.embedded.schedule import learning_rate
from pipelines.embedded.text_encoder import Reader
from pipelines.embedded.tokenizer import MAX_TOKENS, token_ids

_BATCH = 64
_RATE = 1.5e-3
_WARMUP = 60
_EMPTY_SHARE = 0.03
_APART = 1.0
"""Weight of the push that keeps captions of different meaning apart."""
_TAIL = 6
"""Padding positions kept in most batches; every eighth sees all of them."""
_AHEAD = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """Token ids [rows, tokens], what the captions said [rows, attributes], and the two places in
    each row, its end and somewhere behind it, that must tell it [2, rows]."""

    ids: Tensor
    said: Tensor
    places: Tensor

    def to(self, device: torch.device) -> "Batch":
        moved = (part.to(device, non_blocking=True) for part in (self.ids, self.said, self.places))
        return Batch(*moved)


def text_batch(tokenizer: CLIPTokenizer, number: int, first_seed: int) -> Batch:
    """The training's batch of this number; a few of its captions are emptied."""
    generator = torch.Generator().manual_seed(first_seed + number)
    seeds = range(first_seed + _BATCH * number, first_seed + _BATCH * (number + 1))
    captions = [captioned(seed)[1] for seed in seeds]
    for row in torch.nonzero(torch.rand(_BATCH, generator=generator) < _EMPTY_SHARE):
        captions[int(row)] = Caption("", nothing_said(), "en")
    ids = token_ids(tokenizer, [caption.text for caption in captions])
    ends = (ids == tokenizer.eos_token_id).int().argmax(1)
    length = MAX_TOKENS if number % 8 == 0 else min(MAX_TOKENS, int(ends.max()) + _TAIL)
    behind = ends + (torch.rand(_BATCH, generator=generator) * (length - ends)).long()
    said = torch.tensor([caption.labels for caption in captions])
    return Batch(ids[:, :length], said, torch.stack([ends, behind.clamp(max=length - 1)]))


def text_batches(
    tokenizer: CLIPTokenizer, first: int, first_seed: int
) -> Generator[Batch, None, None]:
    """Batches from number `first` on, made in a thread while the last ones are learned from."""
    with ThreadPoolExecutor(1) as thread:
        made: list[Future[Batch]] = []
        number = first
        try:
            while True:
                while len(made) < _AHEAD:
                    made.append(thread.submit(text_batch, tokenizer, number, first_seed))
                    number += 1
                yield made.pop(0).result()
        finally:
            thread.shutdown(cancel_futures=True)


@dataclass(slots=True)
class TextTraining:
    """The text encoder on its way."""

    reader: Reader
    device: torch.device
    step: int = 0
    seconds: float = 0.0
    optimizer: torch.optim.AdamW = field(init=False)

    def __post_init__(self) -> None:
        self.reader.to(self.device).train()
        self.optimizer = torch.optim.AdamW(
            self.reader.parameters(), lr=_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )

    def train_step(self, batch: Batch, done: float) -> Tensor:
        """One step; `done` is the share of the training that is behind it."""
        for group in self.optimizer.param_groups:
            group["lr"] = _RATE * learning_rate(done, self.step, warmup=_WARMUP)
        loss = self._loss(batch.to(self.device))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.reader.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        return loss.detach()

    def _loss(self, batch: Batch) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16):
            states = self.reader(batch.ids)
        rows = torch.arange(len(states), device=self.device)
        loss = torch.zeros((), device=self.device)
        for places in batch.places:
            at = states[rows, places]
            named = zip(self.reader.name(at), batch.said.unbind(1), strict=True)
            loss = loss + sum((F.cross_entropy(logits, said) for logits, said in named)) / 2
            loss = loss + _APART * _closeness(at, batch.said) / 2
        return loss

    def save(self, path: Path) -> None:
        """Write a checkpoint that `load` continues from."""
        unfinished = path.with_suffix(".tmp")
        state = {
            "reader": self.reader.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, unfinished)
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.reader.load_state_dict(state["reader"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]


def _closeness(states: Tensor, said: Tensor) -> Tensor:
    """Mean squared positive cosine between captions that say different things."""
    cosines = F.normalize(states, dim=1) @ F.normalize(states, dim=1).T
    different = (said[:, None] != said[None]).any(2)
    return (F.relu(cosines) ** 2 * different).sum() / different.sum().clamp(min=1)
