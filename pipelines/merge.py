"""How calls of several requests become one forward, and come apart again.

It knows tensors and `Rule`s, no request and no policy. Three promises:

1. Calls with equal keys may share a forward; the failure of every doubt is "no sharing", never
   "wrong picture". A class without a `Rule`, an unknown object, a tensor without a batch dimension
   that no `Rule` names: each makes its call run alone.
2. A call that runs alone gets exactly the arguments its pipeline passed.
3. Each caller gets its slice in the form it asked for (tuple or model output).
"""

import functools
import hashlib
import inspect
import weakref
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from diffusers.models.modeling_outputs import Transformer2DModelOutput

from pipelines.lanes import Lane
from pipelines.rules import RULES, Rule

Arguments: TypeAlias = dict[str, Any]


@dataclass(eq=False)
class Call:
    """One intercepted call on a component, waiting for its value."""

    lane: Lane
    module: Callable[..., Any]
    arguments: Arguments
    positional: tuple[Any, ...]
    """Left as they came for calls that are never merged; empty for a denoiser's."""
    rows: int
    key: Hashable
    rule: Rule
    return_dict: bool = True

    def run_alone(self) -> Any:
        """Do exactly what the pipeline asked for."""
        if self.lane is not Lane.DENOISE:
            return self.module(*self.positional, **self.arguments)
        return self.module(**self.arguments, return_dict=self.return_dict)


class Digests:
    """Content digests of tensors, remembered per tensor object.

    Position ids are handed over again at every step: reading them once per request, not once per
    step, keeps the device from being synchronised. In-place changes of such a tensor are not seen.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], Hashable]] = {}

    def of(self, value: Any) -> Hashable:
        """A key that is equal exactly for equal contents."""
        if isinstance(value, list | tuple):
            return tuple(self.of(item) for item in value)
        if not isinstance(value, torch.Tensor):
            return _plain(value)
        known = self._known.get(id(value))
        if known is not None and known[0]() is value:
            return known[1]
        digest = self._digest(value)
        forget = functools.partial(self._forget, id(value))
        self._known[id(value)] = (weakref.ref(value, forget), digest)
        return digest

    def _digest(self, tensor: torch.Tensor) -> Hashable:
        # The models read only row 0 of 3-D ids, and requests bring them with their own row count.
        row = tensor[0] if tensor.ndim == 3 else tensor
        data = row.detach().to("cpu", torch.float64).contiguous().numpy().tobytes()
        return tensor.dtype, row.shape, hashlib.blake2b(data).hexdigest()

    def _forget(self, identity: int, _: weakref.ref[torch.Tensor]) -> None:
        self._known.pop(identity, None)


def bind(
    module: torch.nn.Module, args: tuple[Any, ...], kwargs: Arguments, digests: Digests
) -> Call:
    """Bring a denoiser call into canonical form and compute its key.

    Positional arguments become named; None defaults and empty dicts, which some pipelines spell
    out and others leave away, are dropped, so that text-to-image and image-to-image rows meet.
    """
    arguments, return_dict = _canonical(module, args, kwargs)
    rule = RULES.get(type(module).__name__)
    if rule is None or rule.rows_from not in arguments:
        return Call(
            Lane.DENOISE, module, arguments, (), 1, _never_equal(), Rule(), return_dict=return_dict
        )
    rows = len(arguments[rule.rows_from])
    signatures = [
        (name, _signature_of(name, arguments[name], rule, rows, digests))
        for name in sorted(arguments)
        if name not in rule.masks  # a row without a mask meets one with: its mask is all ones
    ]
    key = (id(module), *signatures)
    return Call(Lane.DENOISE, module, arguments, (), rows, key, rule, return_dict=return_dict)


def _canonical(
    module: torch.nn.Module, args: tuple[Any, ...], kwargs: Arguments
) -> tuple[Arguments, bool]:
    names, defaults = _signature(type(module))  # type: ignore[arg-type]
    given = dict(zip(names, args, strict=False)) | kwargs if args else kwargs
    arguments = {
        name: value
        for name, value in given.items()
        if not (value is None and name in defaults and defaults[name] is None)
        and not (type(value) is dict and not value)
    }
    return arguments, bool(arguments.pop("return_dict", True))


def unmerged(
    lane: Lane, function: Callable[..., Any], args: tuple[Any, ...], kw: Arguments
) -> Call:
    """A call that is scheduled on its own lane, but never shares a forward."""
    return Call(lane, function, kw, args, 1, _never_equal(), Rule())


def run(calls: Sequence[Call]) -> list[Any]:
    """Run calls with equal keys in one forward; return each caller's slice, in order."""
    if len(calls) == 1:
        return [calls[0].run_alone()]
    return split(calls[0].module(**merge(calls), return_dict=False), calls)


def merge(calls: Sequence[Call]) -> Arguments:
    """One set of arguments for the rows of all calls, whose keys must be equal."""
    rule, rows = calls[0].rule, [call.rows for call in calls]
    merged: Arguments = {}
    for name in calls[0].arguments:
        if name not in rule.padded:
            merged[name] = _merge(name, [call.arguments[name] for call in calls], rows, rule)
    for name, mask in rule.pad.items():
        if name in calls[0].arguments:
            merged |= _pad(calls, name, mask)
    return merged


def split(output: Any, calls: Sequence[Call]) -> list[Any]:
    """Cut a merged output by rows.

    The models answer with a tensor, a 1-tuple of a tensor or of a list of rows, or (ControlNet)
    a tuple of lists of tensors.
    """
    parts, start = [], 0
    for call in calls:
        part = _cut(output, start, start + call.rows)
        start += call.rows
        sample = part[0] if isinstance(part, tuple) and len(part) == 1 else part
        wants_object = call.return_dict and not isinstance(sample, tuple)
        parts.append(Transformer2DModelOutput(sample=sample) if wants_object else part)
    return parts


def _cut(value: Any, start: int, end: int) -> Any:
    if isinstance(value, tuple):
        return tuple(_cut_entry(item, start, end, nested=len(value) > 1) for item in value)
    return value[start:end]


def _cut_entry(value: Any, start: int, end: int, *, nested: bool) -> Any:
    if nested and isinstance(value, list | tuple):
        return type(value)(item[start:end] for item in value)
    return value[start:end]


def _pad(calls: Sequence[Call], name: str, mask_name: str | None) -> Arguments:
    """Right-pad one text argument to the longest; build the mask only if something was padded."""
    texts = [call.arguments[name] for call in calls]
    length = max(text.shape[1] for text in texts)
    merged: Arguments = {name: torch.cat([_lengthen(text, length) for text in texts])}
    if mask_name is None:
        return merged
    masks = [call.arguments.get(mask_name) for call in calls]
    if all(mask is None for mask in masks) and all(t.shape[1] == length for t in texts):
        return merged  # mask-free attention kernels stay usable
    dtype = next((mask.dtype for mask in masks if mask is not None), torch.bool)
    full = [
        torch.ones(text.shape[:2], dtype=dtype, device=text.device) if mask is None else mask
        for mask, text in zip(masks, texts, strict=True)
    ]
    merged[mask_name] = torch.cat([_lengthen(mask, length) for mask in full])
    return merged


def _lengthen(tensor: torch.Tensor, length: int) -> torch.Tensor:
    """Pad dim 1 with zeros on the right; most rows are long enough, and padding by 0 copies."""
    missing = length - tensor.shape[1]
    return F.pad(tensor, [0, 0] * (tensor.ndim - 2) + [0, missing]) if missing else tensor


def _merge(name: str, values: list[Any], rows: list[int], rule: Rule) -> Any:
    first = values[0]
    if name in rule.shared:
        return _merge_shared(values, rows)
    if isinstance(first, torch.Tensor):
        return _stack(values, rows, rule.rows_dim.get(name, 0))
    if name in rule.row_lists:
        return [row for value in values for row in value]
    if isinstance(first, list | tuple):
        entries = zip(*values, strict=True)
        return type(first)(_merge(name, list(entry), rows, rule) for entry in entries)
    if isinstance(first, dict):
        return {inner: _merge(inner, [v[inner] for v in values], rows, rule) for inner in first}
    return first  # a plain value: part of the key, hence equal


def _merge_shared(values: list[Any], rows: list[int]) -> Any:
    first = values[0]
    per_row = isinstance(first, torch.Tensor) and first.ndim >= 3 and first.shape[0] == rows[0]
    return torch.cat(values) if per_row else first


def _stack(values: list[torch.Tensor], rows: list[int], dim: int) -> torch.Tensor:
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


def _signature_of(name: str, value: Any, rule: Rule, rows: int, digests: Digests) -> Hashable:
    """What must be equal of this argument for two calls to share a forward."""
    if name in rule.shared:
        return digests.of(value)
    if isinstance(value, torch.Tensor):
        return _signature_of_tensor(name, value, rule, rows)
    if name in rule.caches and all(layer.mode is None for layer in value.caches):
        return "idle"
    if name in rule.row_lists:
        return _signature_of_rows(value, rule)
    if isinstance(value, dict):
        items = sorted(value.items())
        return tuple((k, _signature_of(k, v, rule, rows, digests)) for k, v in items)
    if isinstance(value, list | tuple):
        return tuple(_signature_of(name, item, rule, rows, digests) for item in value)
    return _plain(value)


def _signature_of_tensor(name: str, value: torch.Tensor, rule: Rule, rows: int) -> Hashable:
    shape = value.shape
    if not shape:
        return "scalar", value.dtype
    dim = rule.rows_dim.get(name, 0)
    if shape[dim] != rows and shape[dim] != 1:
        return _never_equal()  # no batch dimension: row 0's value must never be handed to others
    if name in rule.padded:
        return value.dtype, shape[2:]
    return value.dtype, shape[:dim], shape[dim + 1 :]


def _signature_of_rows(value: Sequence[Any], rule: Rule) -> Hashable:
    if isinstance(value[0], torch.Tensor):
        row = value[0]
        return row.dtype, row.ndim if rule.mixed_sizes else row.shape
    return repr(value[0])


def _plain(value: Any) -> Hashable:
    """Plain values compare by content, everything else by identity."""
    return repr(value) if isinstance(value, str | int | float | None) else ("object", id(value))


def _never_equal() -> Hashable:
    return object()


@functools.cache
def _signature(cls: Any) -> tuple[list[str], dict[str, Any]]:
    parameters = inspect.signature(inspect.unwrap(cls.forward)).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    return list(parameters)[1:], defaults
