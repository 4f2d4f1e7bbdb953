"""Stacks the arguments of several calls row upon row, and cuts an output into rows again.

It knows tensors and what a `Rule` says of an argument; no calls, no requests, no models.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from pipelines.rules import Rule


def stack_values(name: str, values: list[Any], rows: list[int], rule: Rule) -> Any:
    """One value for all rows, of one argument's value per call."""
    first = values[0]
    if name in rule.shared:
        return _stack_shared(values, rows)
    if isinstance(first, torch.Tensor):
        return _stack_tensors(values, rows, rule.rows_dim.get(name, 0))
    if name in rule.row_lists:
        return [row for value in values for row in value]
    if isinstance(first, list | tuple):
        entries = zip(*values, strict=True)
        return type(first)(stack_values(name, list(entry), rows, rule) for entry in entries)
    if isinstance(first, dict):
        return {k: stack_values(k, [value[k] for value in values], rows, rule) for k in first}
    return first  # a plain value: part of the key, hence equal


def stack_texts(
    texts: Sequence[torch.Tensor], masks: Sequence[torch.Tensor | None] | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Texts filled up on the right to the longest; a mask only if it masks or one was given.

    Without masks (None in place of their sequence) the model is told the lengths otherwise.
    """
    length = max(text.shape[1] for text in texts)
    stacked = torch.cat([fill_up(text, length) for text in texts])
    if masks is None:
        return stacked, None
    if all(mask is None for mask in masks) and all(text.shape[1] == length for text in texts):
        return stacked, None  # mask-free attention kernels stay usable
    dtype = next((mask.dtype for mask in masks if mask is not None), torch.bool)
    full = [
        torch.ones(text.shape[:2], dtype=dtype, device=text.device) if mask is None else mask
        for mask, text in zip(masks, texts, strict=True)
    ]
    return stacked, torch.cat([fill_up(mask, length) for mask in full])


def fill_up(value: torch.Tensor, length: int, filling: int = 0) -> torch.Tensor:
    """Lengthen dim 1 on the right; what is long enough already is not copied."""
    missing = length - value.shape[1]
    if not missing:
        return value
    return F.pad(value, [0, 0] * (value.ndim - 2) + [0, missing], value=filling)


def cut_rows(value: Any, start: int, end: int, tokens: int | None = None) -> Any:
    """The rows of one caller, of the first `tokens` tokens if not of all.

    The models answer with a tensor, a 1-tuple of a tensor or of a list of rows, or (ControlNet)
    a tuple of lists of tensors.
    """
    if isinstance(value, tuple):
        nested = len(value) > 1
        return tuple(_cut_entry(item, start, end, tokens, nested=nested) for item in value)
    return _cut(value, start, end, tokens)


def _cut_entry(value: Any, start: int, end: int, tokens: int | None, *, nested: bool) -> Any:
    if nested and isinstance(value, list | tuple):
        return type(value)(_cut(item, start, end, tokens) for item in value)
    return _cut(value, start, end, tokens)


def _cut(value: Any, start: int, end: int, tokens: int | None) -> Any:
    return value[start:end] if tokens is None else value[start:end, :tokens]


def _stack_shared(values: list[Any], rows: list[int]) -> Any:
    first = values[0]
    per_row = isinstance(first, torch.Tensor) and first.ndim >= 3 and first.shape[0] == rows[0]
    return torch.cat(values) if per_row else first


def _stack_tensors(values: list[torch.Tensor], rows: list[int], dim: int) -> torch.Tensor:
    """Concatenate on the batch dimension; a value given once stands for all rows of its call."""
    expanded = []
    for value, count in zip(values, rows, strict=True):
        if value.ndim == 0:
            expanded.append(value.expand(count))
        elif value.shape[dim] == count:
            expanded.append(value)
        else:
            shape = list(value.shape)
            shape[dim] = count
            expanded.append(value.expand(shape))
    return torch.cat(expanded, dim=0 if values[0].ndim == 0 else dim)
