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
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from diffusers.models.modeling_outputs import Transformer2DModelOutput

from pipelines import prefix_cache
from pipelines.lanes import Lane
from pipelines.mixing import around_forward, can_mix, filled_up, loosened
from pipelines.rules import RULES, Mixing, Rule
from pipelines.stacking import cut_rows, stack_texts, stack_values

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
    """Equal for calls that may share a forward as they are."""
    rule: Rule
    return_dict: bool = True
    mixed_key: Hashable | None = None
    """Equal for calls that may share a forward although their pictures' sizes differ."""

    @property
    def tokens(self) -> int | None:
        """How many tokens of a mixed forward's output are its own; None: nothing was filled up."""
        mixing = self.rule.mixing
        if mixing is None or mixing.fill.get(self.rule.rows_from) is None:
            return None
        return int(self.arguments[self.rule.rows_from].shape[1])

    def run_alone(self) -> Any:
        """Do exactly what the pipeline asked for."""
        if self.lane is not Lane.DENOISE:
            return self.module(*self.positional, **self.arguments)
        return self.module(**self.arguments, return_dict=self.return_dict)


class Digests:
    """Content digests of tensors, and what modules can do, remembered per object.

    Position ids are handed over again at every step: reading them once per request, not once per
    step, keeps the device from being synchronised. In-place changes of such a tensor are not seen.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], Hashable]] = {}
        self._mixable: weakref.WeakKeyDictionary[torch.nn.Module, bool] = (
            weakref.WeakKeyDictionary()
        )

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

    def can_mix(self, module: torch.nn.Module, mixing: Mixing) -> bool:
        """Whether a module takes rows of unlike sizes; asked of it once."""
        if module not in self._mixable:
            self._mixable[module] = can_mix(module, mixing)
        return self._mixable[module]

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
    exact = {
        name: _signature_of(name, arguments[name], rule, rows, digests)
        for name in sorted(arguments)
        if name not in rule.masks  # a row without a mask meets one with: its mask is all ones
    }
    call = Call(Lane.DENOISE, module, arguments, (), rows, _key(module, exact), rule, return_dict)
    if rule.mixing is not None and digests.can_mix(module, rule.mixing):
        loose = loosened(arguments, rule.mixing, exact)
        call.mixed_key = loose and _key(module, loose)
    return call


def _key(module: torch.nn.Module, signatures: Mapping[str, Hashable]) -> Hashable:
    return (id(module), *signatures.items())


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
    """Run calls that may share a forward in one; return each caller's slice, in order."""
    if len(calls) == 1:
        return [calls[0].run_alone()]
    return split(forward(calls, merge(calls)), calls)


def mixed(calls: Sequence[Call]) -> bool:
    """Whether their pictures' sizes differ."""
    return any(call.key != calls[0].key for call in calls)


def merge(calls: Sequence[Call]) -> Arguments:
    """One set of arguments for the rows of all calls, whose keys or mixed keys must be equal."""
    rule, rows = calls[0].rule, [call.rows for call in calls]
    merged: Arguments = {}
    if mixed(calls):
        merged = filled_up([call.arguments for call in calls], rows, rule)
    for name, mask in rule.pad.items():
        if name in calls[0].arguments:
            merged |= _merge_texts(calls, name, mask)
    for name in calls[0].arguments:
        if name not in rule.padded and name not in merged:
            values = [call.arguments[name] for call in calls]
            merged[name] = stack_values(name, values, rows, rule)
    return merged


def forward(calls: Sequence[Call], arguments: Arguments) -> Any:
    """Run the module of calls with what became of their arguments; its raw output."""
    module, rule = calls[0].module, calls[0].rule
    assert isinstance(module, torch.nn.Module), "only a denoiser's calls are merged"
    caches = _joined_cache(calls)
    if caches is not None:
        arguments = arguments | {rule.prefix_cache or "": caches.cache}
    with around_forward(module, rule, mixed=mixed(calls)):
        output = module(**arguments, return_dict=False)
    if caches is not None:
        caches.hand_back([call.rows for call in calls])
    return output


def split(output: Any, calls: Sequence[Call]) -> list[Any]:
    """Cut a merged output by rows."""
    parts, start = [], 0
    for call in calls:
        part = cut_rows(output, start, start + call.rows, call.tokens)
        start += call.rows
        sample = part[0] if isinstance(part, tuple) and len(part) == 1 else part
        wants_object = call.return_dict and not isinstance(sample, tuple)
        parts.append(Transformer2DModelOutput(sample=sample) if wants_object else part)
    return parts


def _merge_texts(calls: Sequence[Call], name: str, mask_name: str | None) -> Arguments:
    masks = mask_name and [call.arguments.get(mask_name) for call in calls]
    texts, mask = stack_texts([call.arguments[name] for call in calls], masks or None)
    merged: Arguments = {name: texts}
    if mask_name is not None and mask is not None:
        merged[mask_name] = mask
    return merged


def _joined_cache(calls: Sequence[Call]) -> prefix_cache.JoinedCache | None:
    name = calls[0].rule.prefix_cache
    if name is None or name not in calls[0].arguments:
        return None
    return prefix_cache.JoinedCache([call.arguments[name] for call in calls])


def _signature_of(name: str, value: Any, rule: Rule, rows: int, digests: Digests) -> Hashable:
    """What must be equal of this argument for two calls to share a forward."""
    if name in rule.shared:
        return digests.of(value)
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


def _signature_of_rows(name: str, value: Sequence[Any], rule: Rule) -> Hashable:
    row = value[0]
    if not isinstance(row, torch.Tensor):
        return repr(row)
    return row.dtype, row.ndim if name in rule.ragged else row.shape


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
