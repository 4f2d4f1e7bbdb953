"""Teaches the text encoder what captions mean before any picture is drawn, then it stays frozen.

A text encoder trained together with a small denoiser never learns to tell prompts apart: its
gradient is too faint. The scenes give us every caption's meaning for nothing, so the encoder first
learns to name all attributes of a caption (`captions.ATTRIBUTES`). The stock pipelines pass no
padding mask to the denoiser, so the padding positions must carry the meaning too: the loss reads
the state at the end token and at one random position of the padding.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from pipelines.embedded.captions import ATTRIBUTES, Caption, captioned, nothing_said
from pipelines.embedded.schedule import learning_rate
from pipelines.embedded.tokenizer import MAX_TOKENS

WIDTH = 192
_SIZES = [len(values) for values in ATTRIBUTES.values()]
_BATCH = 64
_RATE = 1.5e-3
_EMPTY_SHARE = 0.03
_APART = 1.0
"""Weight of the push that keeps captions of different meaning apart."""
_TAIL = 6
"""Padding positions kept in most batches; every eighth sees all of them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Token ids [rows, tokens] and what the captions said [rows, attributes]."""

    ids: Tensor
    said: Tensor


class Reader(nn.Module):
    """The text encoder and one linear head that names every attribute from a token's state."""

    def __init__(self, tokenizer: CLIPTokenizer) -> None:
        super().__init__()
        self.end_id: int = tokenizer.eos_token_id
        self.encoder = _new_encoder(tokenizer)
        self.head = nn.Linear(WIDTH, sum(_SIZES))

    def forward(self, ids: Tensor) -> Tensor:
        """Encode. Shapes: ids [rows, tokens] -> states [rows, tokens, WIDTH]."""
        states: Tensor = self.encoder(ids).last_hidden_state
        return states.float()

    def ends(self, ids: Tensor) -> Tensor:
        """Where each caption ends (the padding is the same token)."""
        return (ids == self.end_id).int().argmax(1)

    def name(self, states: Tensor) -> tuple[Tensor, ...]:
        """Logits per attribute from states [rows, WIDTH]."""
        logits: tuple[Tensor, ...] = self.head(states).split(_SIZES, 1)
        return logits


def read_captions(
    tokenizer: CLIPTokenizer, captions: list[Caption], generator: torch.Generator | None = None
) -> Batch:
    """Tokenize, with a few captions emptied when a generator is given (training)."""
    texts = [caption.text for caption in captions]
    labels = [caption.labels for caption in captions]
    if generator is not None:
        empty = Caption("", nothing_said(), "en").labels
        for row in torch.nonzero(torch.rand(len(texts), generator=generator) < _EMPTY_SHARE):
            texts[int(row)], labels[int(row)] = "", empty
    return Batch(token_ids(tokenizer, texts), torch.tensor(labels))


def token_ids(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    """Token ids [texts, MAX_TOKENS], cut and padded."""
    ids: Tensor = tokenizer(
        texts,
        padding="max_length",
        max_length=MAX_TOKENS,
        truncation=True,
        return_tensors="pt",
    ).input_ids
    return ids


def train_reader(
    reader: Reader, tokenizer: CLIPTokenizer, first_seed: int, steps: int
) -> Iterator[tuple[int, float]]:
    """Train for so many batches of 64; yields each step's number and loss."""
    generator = torch.Generator().manual_seed(first_seed)
    optimizer = torch.optim.AdamW(
        reader.parameters(), lr=_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    reader.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * learning_rate(step / steps, step, warmup=60)
        seeds = range(first_seed + _BATCH * step, first_seed + _BATCH * (step + 1))
        captions = [captioned(seed)[1] for seed in seeds]
        batch = read_captions(tokenizer, captions, generator)
        loss = _loss(reader, batch, generator, whole=step % 8 == 0)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        yield step + 1, loss.item()
    reader.eval()


@torch.no_grad()
def accuracy(reader: Reader, tokenizer: CLIPTokenizer, captions: list[Caption]) -> dict[str, float]:
    """Share of captions whose attribute is named right from the end token, and `all` of them."""
    reader.eval()
    right = []
    for start in range(0, len(captions), 250):
        batch = read_captions(tokenizer, captions[start : start + 250])
        states = reader(batch.ids)
        logits = reader.name(states[torch.arange(len(states)), reader.ends(batch.ids)])
        named = torch.stack([attribute.argmax(1) for attribute in logits], 1)
        right.append(named == batch.said)
    table = torch.cat(right).float()
    shares = dict(zip(ATTRIBUTES, table.mean(0).tolist(), strict=True))
    return shares | {"all": table.prod(1).mean().item()}


def _loss(reader: Reader, batch: Batch, generator: torch.Generator, whole: bool) -> Tensor:
    ends = reader.ends(batch.ids)
    length = MAX_TOKENS if whole else min(MAX_TOKENS, int(ends.max()) + _TAIL)
    with torch.autocast("cpu", torch.bfloat16):
        states = reader(batch.ids[:, :length])
    rows = torch.arange(len(ends))
    padding = length - ends
    tails = ends + (torch.rand(len(ends), generator=generator) * padding).long()
    loss = torch.zeros(())
    for places in (ends, tails.clamp(max=length - 1)):
        at = states[rows, places]
        named = zip(reader.name(at), batch.said.unbind(1), strict=True)
        loss = loss + sum((F.cross_entropy(logits, said) for logits, said in named)) / 2
        loss = loss + _APART * _closeness(at, batch.said) / 2
    return loss


def _closeness(states: Tensor, said: Tensor) -> Tensor:
    """Mean squared positive cosine between captions that say different things."""
    cosines = F.normalize(states, dim=1) @ F.normalize(states, dim=1).T
    different = (said[:, None] != said[None]).any(2)
    return (F.relu(cosines) ** 2)[different].mean()


def _new_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=3,
            num_attention_heads=6,
            max_position_embeddings=MAX_TOKENS,
            projection_dim=WIDTH,
            hidden_act="gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            attn_implementation="eager",  # nearly twice as fast as sdpa on a CPU in bf16
        )
    )
    for name, parameter in encoder.named_parameters():
        if name.endswith("token_embedding.weight"):
            nn.init.normal_(parameter, std=0.4)
        elif name.endswith("position_embedding.weight"):
            nn.init.normal_(parameter, std=0.1)
    return encoder
