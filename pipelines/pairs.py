"""Brings the conditional and the unconditional call of one step into one forward.

Some pipelines call the denoiser twice per step. Below the knee two forwards of one row cost nearly
twice as much as one of two. So from the second step on, the first call of a step is answered at
once with an output that is filled in later; when the second call comes, both are run together.

That is right only where the pipeline takes nothing but views of the first output before it makes
the second call: a `Rule` says for which denoisers that was proved. Whoever looks earlier finds NaN,
which no parity test overlooks. And only where every step makes the two calls: a session that finds
a step ended with an unfilled output starts again without pairs.
"""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.utils import BaseOutput

from pipelines.merge import Call


class Pairs:
    """What one session knows about the calls of its steps."""

    def __init__(self) -> None:
        self.wanted = False
        """Set by the engine: a pair of this request's size fits below the knee."""
        self._forbidden = False
        self._regular = False
        self._step: list[Call] = []
        self._first_output: Any = None
        self._open: tuple[Call, Any] | None = None

    @property
    def outstanding(self) -> bool:
        """Whether an output has been promised and not been filled."""
        return self._open is not None

    def forbid(self) -> None:
        """Never pair in this session again."""
        self.__init__()  # type: ignore[misc]
        self._forbidden = True

    def promise(self, call: Call) -> Any:
        """An output to be filled later, or None when the call has to run first."""
        first_of_step = not self._step
        if not (self.wanted and self._regular and first_of_step):
            return None
        self._step.append(call)
        output = _unfilled(self._first_output)
        self._open = (call, output)
        return output

    def due(self, call: Call) -> tuple[Call, ...]:
        """The calls to run now: this one, after a promised one that may run with it."""
        self._step.append(call)
        return (call,) if self._open is None else (self._open[0], call)

    def settle(self, values: Sequence[Any]) -> Any:
        """Fill what was promised; return the value of the call that was due."""
        if self._open is not None:
            _tensor_of(self._open[1]).copy_(_tensor_of(values[0]))
            self._open = None
        elif len(self._step) == 1:
            self._first_output = values[0]
        return values[-1]

    def end_step(self) -> None:
        """Learn from the step's calls whether the next one may be paired."""
        self._regular = not self._forbidden and _is_pair(self._step, self._first_output)
        self._step = []


def _is_pair(calls: Sequence[Call], first_output: Any) -> bool:
    if len(calls) != 2 or not calls[0].rule.pairs:
        return False
    return calls[0].key == calls[1].key and isinstance(_tensor_of(first_output), torch.Tensor)


def _tensor_of(output: Any) -> Any:
    """The tensor inside a 1-tuple or a model output."""
    return output[0] if isinstance(output, tuple | BaseOutput) else output


def _unfilled(like: Any) -> Any:
    empty = torch.full_like(_tensor_of(like), float("nan"))
    if isinstance(like, BaseOutput):
        return type(like)(sample=empty)
    return (empty,) if isinstance(like, tuple) else empty
