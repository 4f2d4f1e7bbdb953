"""How calls with pictures of unlike sizes are brought to one size: filled up, masked, cut again.

It knows `Mixing`s and arguments; whether mixing pays is the scheduler's business.
"""

import contextlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch

from pipelines.rotary import can_rotate_per_row, rotary_per_row
from pipelines.rules import Mixing, Rule
from pipelines.stacking import fill_up

ATTENTION_ARGUMENTS = "joint_attention_kwargs"
"""Where models that join text and picture in one attention take a mask."""


def loosened(
    arguments: Mapping[str, Any], mixing: Mixing, exact: Mapping[str, Hashable]
) -> Mapping[str, Hashable] | None:
    """Signatures of a call's arguments that leave open how many tokens its picture has.

    None where anything speaks against filling it up.
    """
    loose = dict(exact)
    for name, filling in mixing.fill.items():
        if name not in arguments:
            return None
        row = arguments[name][0] if filling is None else arguments[name]
        loose[name] = row.dtype, row.ndim, row.shape[2:] if filling is not None else ()
    for name in mixing.positions:
        ids = arguments.get(name)
        if not isinstance(ids, torch.Tensor) or ids.ndim != 2:
            return None
        loose[name] = ids.dtype, ids.shape[1]
    if mixing.positions and ATTENTION_ARGUMENTS in arguments:
        return None
    return loose


def can_mix(module: torch.nn.Module, mixing: Mixing) -> bool:
    """Whether this very module, as it is set up, takes rows of unlike sizes."""
    return not mixing.positions or can_rotate_per_row(module)


def filled_up(
    calls: Sequence[Mapping[str, Any]], rows: Sequence[int], rule: Rule
) -> dict[str, Any]:
    """The arguments of a mixed forward that differ from those of a forward of one size."""
    mixing = rule.mixing
    assert mixing is not None, "calls of other sizes have equal mixed keys by a Mixing only"
    merged: dict[str, Any] = {}
    for name, filling in mixing.fill.items():
        if filling is not None:
            values = [arguments[name] for arguments in calls]
            longest = max(value.shape[1] for value in values)
            merged[name] = torch.cat([fill_up(value, longest, filling) for value in values])
    if mixing.positions:
        merged |= _positions(calls, rows, mixing)
    return merged


def around_forward(
    module: torch.nn.Module, rule: Rule, *, mixed: bool
) -> contextlib.AbstractContextManager[None]:
    """What a forward has to run in."""
    if mixed and rule.mixing is not None and rule.mixing.positions:
        return rotary_per_row(module)
    return contextlib.nullcontext()


def _positions(
    calls: Sequence[Mapping[str, Any]], rows: Sequence[int], mixing: Mixing
) -> dict[str, Any]:
    """Each row's ids, all handed over as the last of the position arguments; and the mask."""
    *before, last = mixing.positions
    longest = max(len(arguments[last]) for arguments in calls)
    ids, valid = [], []
    for arguments, count in zip(calls, rows, strict=True):
        own = torch.cat([arguments[name] for name in mixing.positions])
        missing = longest - len(arguments[last])
        ids.append(fill_up(own[None], len(own) + missing)[0].repeat(count, 1))
        seen = torch.ones(count, len(own), dtype=torch.bool, device=own.device)
        valid.append(fill_up(seen, len(own) + missing))
    merged: dict[str, Any] = {name: ids[0].new_zeros(0, ids[0].shape[1]) for name in before}
    merged[last] = torch.cat(ids)
    mask = torch.cat(valid)
    if not all(len(arguments[last]) == longest for arguments in calls):
        merged[ATTENTION_ARGUMENTS] = {"attention_mask": mask[:, None, None]}
    return merged
