"""Lets a model whose rows share their positions take rows that have each their own.

Such a model computes its rotary embedding once, from ids without a batch dimension, and its
attention processors apply it to all rows alike. Here the ids of all rows, one after the other, go
through the model's own embedding, and around its own processors each row is rotated by its part.
The model's code and weights stay as they are; outside of `rotary_per_row` so do its processors.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch
from diffusers.models.attention_dispatch import (
    AttentionBackendName,
    _AttentionBackendRegistry,
)
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.transformer_flux import FluxAttnProcessor
from diffusers.models.transformers.transformer_flux2 import (
    Flux2AttnProcessor,
    Flux2ParallelSelfAttnProcessor,
)

Rotary: TypeAlias = tuple[torch.Tensor, torch.Tensor]
"""Cosines and sines, one line per token."""

_TWO_STREAMS = (FluxAttnProcessor, Flux2AttnProcessor)
"""Processors that rotate queries and keys right after normalising them, and take a mask."""
_ONE_STREAM = (Flux2ParallelSelfAttnProcessor,)
"""The same for text and picture in one sequence: they take no second one."""


def can_rotate_per_row(module: torch.nn.Module) -> bool:
    """Whether all attention of a model is of a kind that is known, and takes a mask.

    Several attention backends other than the native one refuse masks.
    """
    processors = [attention.processor for attention in _attentions(module)]
    return bool(processors) and all(
        type(one) in _TWO_STREAMS + _ONE_STREAM
        and _takes_masks(one._attention_backend)
        and not one._parallel_config
        for one in processors
    )


def _takes_masks(backend: AttentionBackendName | None) -> bool:
    everywhere, _ = _AttentionBackendRegistry.get_active_backend()
    return bool((backend or everywhere) == AttentionBackendName.NATIVE)


@contextlib.contextmanager
def rotary_per_row(module: torch.nn.Module) -> Iterator[None]:
    """While it lasts, the model takes position ids of rows x tokens lines."""
    attentions = list(_attentions(module))
    own = [attention.processor for attention in attentions]
    try:
        for attention, processor in zip(attentions, own, strict=True):
            per_row = _OneStream if type(processor) in _ONE_STREAM else _TwoStreams
            attention.processor = per_row(processor)
        yield
    finally:
        for attention, processor in zip(attentions, own, strict=True):
            attention.processor = processor


def _attentions(module: torch.nn.Module) -> Iterator[Any]:
    return (part for part in module.modules() if hasattr(part, "processor"))


class _TwoStreams:
    """The model's own processor, handed an attention whose norms also rotate."""

    def __init__(self, own: Callable[..., Any]) -> None:
        self._own = own

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        image_rotary_emb: Rotary | None = None,
    ) -> Any:
        assert image_rotary_emb is not None, "a model without positions has no use for this"
        text = 0 if encoder_hidden_states is None else encoder_hidden_states.shape[1]
        rotating = _Rotating(attn, image_rotary_emb, len(hidden_states), text)
        return self._own(rotating, hidden_states, encoder_hidden_states, attention_mask, None)


class _OneStream:
    """The same for a processor of one sequence."""

    def __init__(self, own: Callable[..., Any]) -> None:
        self._own = own

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        image_rotary_emb: Rotary | None = None,
    ) -> Any:
        assert image_rotary_emb is not None, "a model without positions has no use for this"
        rotating = _Rotating(attn, image_rotary_emb, len(hidden_states), text=0)
        return self._own(rotating, hidden_states, attention_mask, None)


class _Rotating:
    """An attention module whose norms of queries and keys rotate them by their rows' positions."""

    def __init__(self, attention: Any, rotary: Rotary, rows: int, text: int) -> None:
        self._attention = attention
        cos, sin = (part.view(rows, -1, part.shape[-1]) for part in rotary)
        of_text = cos[:, :text].flatten(0, 1), sin[:, :text].flatten(0, 1)
        of_rest = cos[:, text:].flatten(0, 1), sin[:, text:].flatten(0, 1)
        self.norm_q = _then_rotate(attention.norm_q, of_rest)
        self.norm_k = _then_rotate(attention.norm_k, of_rest)
        if text:
            self.norm_added_q = _then_rotate(attention.norm_added_q, of_text)
            self.norm_added_k = _then_rotate(attention.norm_added_k, of_text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._attention, name)


def _then_rotate(
    norm: Callable[[torch.Tensor], torch.Tensor], rotary: Rotary
) -> Callable[[torch.Tensor], torch.Tensor]:
    def normed(heads: torch.Tensor) -> torch.Tensor:
        """Shapes: [rows, tokens, heads, width]."""
        # The rotation knows tokens only; as one long row, each token meets its own line.
        tokens = norm(heads).flatten(0, 1)[None]
        rotated: torch.Tensor = apply_rotary_emb(tokens, rotary, sequence_dim=1)
        return rotated.view_as(heads)

    return normed
