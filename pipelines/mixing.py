"""How calls with pictures of unlike sizes become one forward: filled up to one size, or packed.

It knows what a `Rule` says of a model, and arguments; whether it pays is the scheduler's business.
"""

import contextlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch

from pipelines.rotary import can_rotate_per_row, rotary_per_row
from pipelines.rules import Filling, Packing, Rule
from pipelines.stacking import fill_up

ATTENTION_ARGUMENTS = "joint_attention_kwargs"
"""Where models that join text and picture in one attention take a mask."""
_SEGMENTS_PER_ROW = 2**32
"""More than a pipeline numbers in one row, so that no two rows have a segment in common."""


def loosened(
    arguments: Mapping[str, Any], mixing: Filling | Packing, exact: Mapping[str, Hashable]
) -> Mapping[str, Hashable] | None:
    """Signatures of a call's arguments that leave open how many tokens its picture has.

    None where anything speaks against mixing it with others.
    """
    if isinstance(mixing, Packing):
        known = {*mixing.tokens, *mixing.rows}
        tensors = {name for name, value in arguments.items() if isinstance(value, torch.Tensor)}
        if tensors != known:
            return None
        return {**exact, **{name: _per_token(arguments[name]) for name in mixing.tokens}}
    if not {*mixing.fill, *mixing.positions} <= arguments.keys():
        return None
    loose = dict(exact)
    for name, filling in mixing.fill.items():
        value = arguments[name]
        loose[name] = (value[0].dtype, value[0].ndim) if filling is None else _per_token(value)
    for name in mixing.positions:
        if ATTENTION_ARGUMENTS in arguments:
            return None
        loose[name] = arguments[name].dtype, arguments[name].shape[-1]
    return loose


def _per_token(value: torch.Tensor) -> Hashable:
    return value.dtype, value.shape[2:]


def can_mix(module: torch.nn.Module, mixing: Filling | Packing) -> bool:
    """Whether this very module, as it is set up, takes rows of unlike sizes."""
    own_positions = isinstance(mixing, Filling) and mixing.positions
    return not own_positions or can_rotate_per_row(module)


def mixed_arguments(
    calls: Sequence[Mapping[str, Any]], rows: Sequence[int], rule: Rule
) -> dict[str, Any]:
    """The arguments of a forward over unlike sizes that differ from those over one size."""
    assert rule.mixing is not None, "only a rule's mixing lets calls of unlike sizes meet"
    if isinstance(rule.mixing, Packing):
        return _packed(calls, rule.mixing)
    return _filled_up(calls, rule.mixing) | _positions(calls, rows, rule.mixing)


def unpacked(output: Any, shapes: Sequence[tuple[int, int]]) -> list[Any]:
    """Cut the one long row of a packed output into each caller's rows x tokens."""
    (sample,) = output
    parts, start = [], 0
    for rows, tokens in shapes:
        end = start + rows * tokens
        parts.append((sample[0, start:end].view(rows, tokens, -1),))
        start = end
    return parts


def around_forward(
    module: torch.nn.Module, rule: Rule, *, mixed: bool
) -> contextlib.AbstractContextManager[None]:
    """What a forward has to run in."""
    if mixed and isinstance(rule.mixing, Filling) and rule.mixing.positions:
        return rotary_per_row(module)
    return contextlib.nullcontext()


def _packed(calls: Sequence[Mapping[str, Any]], packing: Packing) -> dict[str, Any]:
    values: dict[str, list[torch.Tensor]] = {name: [] for name in (*packing.tokens, *packing.rows)}
    row = 0
    for arguments in calls:
        rows, tokens = arguments[packing.segments].shape
        own = torch.arange(row, row + rows, device=arguments[packing.segments].device)
        for name in packing.tokens:
            values[name].append(arguments[name].flatten(0, 1))
        values[packing.segments][-1] = (
            arguments[packing.segments].long() + own[:, None] * _SEGMENTS_PER_ROW
        ).flatten()
        for name in packing.rows:
            values[name].append(arguments[name].expand(rows).repeat_interleave(tokens))
        row += rows
    return {name: torch.cat(parts)[None] for name, parts in values.items()}


def _filled_up(calls: Sequence[Mapping[str, Any]], mixing: Filling) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name, filling in mixing.fill.items():
        if filling is not None:
            values = [arguments[name] for arguments in calls]
            longest = max(value.shape[1] for value in values)
            merged[name] = torch.cat([fill_up(value, longest, filling) for value in values])
    return merged


def _positions(
    calls: Sequence[Mapping[str, Any]], rows: Sequence[int], mixing: Filling
) -> dict[str, Any]:
    """Each row's ids, all handed over as the last of the position arguments; and the mask."""
    if not mixing.positions:
        return {}
    *before, last = mixing.positions
    longest = max(arguments[last].shape[-2] for arguments in calls)
    ids, valid = [], []
    for arguments, count in zip(calls, rows, strict=True):
        own = torch.cat([_of_one_row(arguments[name]) for name in mixing.positions])
        length = len(own) + longest - arguments[last].shape[-2]
        ids.append(fill_up(own[None], length)[0].repeat(count, 1))
        seen = torch.ones(count, len(own), dtype=torch.bool, device=own.device)
        valid.append(fill_up(seen, length))
    merged: dict[str, Any] = {name: ids[0].new_zeros(0, ids[0].shape[1]) for name in before}
    merged[last] = torch.cat(ids)
    if any(arguments[last].shape[-2] < longest for arguments in calls):
        merged[ATTENTION_ARGUMENTS] = {"attention_mask": torch.cat(valid)[:, None, None]}
    return merged


def _of_one_row(ids: torch.Tensor) -> torch.Tensor:
    """Some pipelines give ids per row, but the models read the first row's only."""
    return ids[0] if ids.ndim == 3 else ids
