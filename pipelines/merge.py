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
import itertools
import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from diffusers.models.modeling_outputs import Transformer2DModelOutput

from pipelines.lanes import Lane
from pipelines.mixing import around_forward, can_mix, loosened, mixed_arguments, unpacked
from pipelines.prefix_cache import JoinedCache
from pipelines.rules import RULES, Filling, Packing, Rule
from pipelines.signatures import never_equal, plain, signature_of
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
    """Equal for calls that may share a forward if the smaller pictures are filled up."""

    @property
    def tokens(self) -> int | None:
        """How many tokens of a mixed forward's output each of its rows has; None: all there are."""
        mixing, rows_from = self.rule.mixing, self.rule.rows_from
        if mixing is None or (isinstance(mixing, Filling) and mixing.fill.get(rows_from) is None):
            return None
        return int(self.arguments[rows_from].shape[1])

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
            return plain(value)
        known = self._known.get(id(value))
        if known is not None and known[0]() is value:
            return known[1]
        digest = self._digest(value)
        forget = functools.partial(self._forget, id(value))
        self._known[id(value)] = (weakref.ref(value, forget), digest)
        return digest

    def can_mix(self, module: torch.nn.Module, mixing: Filling | Packing) -> bool:
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
            Lane.DENOISE, module, arguments, (), 1, never_equal(), Rule(), return_dict=return_dict
        )
    rows = len(arguments[rule.rows_from])
    exact = {
        name: signature_of(name, arguments[name], rule, rows, digests.of)
        for name in sorted(arguments)
        if name not in rule.masks  # a row without a mask meets one with: its mask is all ones
    }
    call = Call(Lane.DENOISE, module, arguments, (), rows, _key(module, exact), rule, return_dict)
    if rule.mixing is not None and digests.can_mix(module, rule.mixing):
        loose = loosened(arguments, rule.mixing, exact)
        if loose is not None and isinstance(rule.mixing, Packing):
            call.key = _key(module, loose)
        elif loose is not None:
            call.mixed_key = _key(module, loose)
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
    return Call(lane, function, kw, args, 1, never_equal(), Rule())


def run(calls: Sequence[Call]) -> list[Any]:
    """Run calls that may share a forward in one; return each caller's slice, in order."""
    if len(calls) == 1:
        return [calls[0].run_alone()]
    return split(forward(calls, merge(calls)), calls)


def mixed(calls: Sequence[Call]) -> bool:
    """Whether their pictures' sizes differ."""
    first = calls[0]
    return any((call.key, call.tokens) != (first.key, first.tokens) for call in calls)


def merge(calls: Sequence[Call]) -> Arguments:
    """One set of arguments for the rows of all calls, whose keys or mixed keys must be equal."""
    rule, rows = calls[0].rule, [call.rows for call in calls]
    merged: Arguments = {}
    if mixed(calls):
        merged = mixed_arguments([call.arguments for call in calls], rows, rule)
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
    if isinstance(calls[0].rule.mixing, Packing) and mixed(calls):
        parts = unpacked(output, [(call.rows, call.tokens or 0) for call in calls])
    else:
        ends = list(itertools.accumulate(call.rows for call in calls))
        parts = [
            cut_rows(output, end - call.rows, end, call.tokens)
            for call, end in zip(calls, ends, strict=True)
        ]
    return [_as_asked_for(part, call) for part, call in zip(parts, calls, strict=True)]


def _as_asked_for(part: Any, call: Call) -> Any:
    sample = part[0] if isinstance(part, tuple) and len(part) == 1 else part
    wants_object = call.return_dict and not isinstance(sample, tuple)
    return Transformer2DModelOutput(sample=sample) if wants_object else part


def _merge_texts(calls: Sequence[Call], name: str, mask_name: str | None) -> Arguments:
    masks = mask_name and [call.arguments.get(mask_name) for call in calls]
    texts, mask = stack_texts([call.arguments[name] for call in calls], masks or None)
    merged: Arguments = {name: texts}
    if mask_name is not None and mask is not None:
        merged[mask_name] = mask
    return merged


def _joined_cache(calls: Sequence[Call]) -> JoinedCache | None:
    name = calls[0].rule.prefix_cache
    if name is None or name not in calls[0].arguments:
        return None
    return JoinedCache([call.arguments[name] for call in calls])


@functools.cache
def _signature(cls: Any) -> tuple[list[str], dict[str, Any]]:
    parameters = inspect.signature(inspect.unwrap(cls.forward)).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    return list(parameters)[1:], defaults
