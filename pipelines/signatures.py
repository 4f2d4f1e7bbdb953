"""What must be equal of two calls' arguments for them to share a forward.

It knows tensors and what a `Rule` says of an argument. In every doubt nothing is equal.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeAlias

import torch

from pipelines import prefix_cache
from pipelines.rules import Rule

Digest: TypeAlias = Callable[[Any], Hashable]
"""A key that is equal exactly for equal contents."""


def signature_of(name: str, value: Any, rule: Rule, rows: int, digest: Digest) -> Hashable:
    """What must be equal of this argument for two calls to share a forward."""
    if name in rule.shared:
        return digest(value)
    if isinstance(value, torch.Tensor):
        return _signature_of_tensor(name, value, rule, rows)
    if name in rule.caches and all(layer.mode is None for layer in value.caches):
        return "idle"
    if name == rule.prefix_cache:
        return prefix_cache.signature(value)
    if name in rule.row_lists:
        return _signature_of_rows(name, value, rule)
    if isinstance(value, dict):
        items = sorted(value.items())
        return tuple((k, signature_of(k, v, rule, rows, digest)) for k, v in items)
    if isinstance(value, list | tuple):
        return tuple(signature_of(name, item, rule, rows, digest) for item in value)
    return plain(value)


def _signature_of_tensor(name: str, value: torch.Tensor, rule: Rule, rows: int) -> Hashable:
    shape = value.shape
    if not shape:
        return "scalar", value.dtype
    dim = rule.rows_dim.get(name, 0)
    if shape[dim] != rows and shape[dim] != 1:
        return never_equal()  # no batch dimension: row 0's value must never be handed to others
    if name in rule.padded:
        return value.dtype, shape[2:]
    return value.dtype, shape[:dim], shape[dim + 1 :]


def _signature_of_rows(name: str, value: Sequence[Any], rule: Rule) -> Hashable:
    row = value[0]
    if not isinstance(row, torch.Tensor):
        return repr(row)
    return row.dtype, row.ndim if name in rule.ragged else row.shape


def plain(value: Any) -> Hashable:
    """Plain values compare by content, everything else by identity."""
    return repr(value) if isinstance(value, str | int | float | None) else ("object", id(value))


def never_equal() -> Hashable:
    """A key of its own."""
    return object()
