"""Decides for one request which denoising steps need no forward, and predicts their outputs.

Where a model's output changes steadily from step to step, the next one lies on the line through the
last two. How far off that is, every computed step tells: its own output is compared with what the
line would have said. A step is left out while the errors expected since the last computed one stay
below a budget. All of a step's forwards (guidance, ControlNet) are left out together, or none.

It changes pictures, so it is off unless an operator wants it. It belongs to one request: nothing is
shared, and what it knows is gone with the request. Knows no model and no noise schedule.

Source: the ideas are those of caches that budget an accumulated change (TeaCache, arXiv 2411.19108)
and of forecasting outputs from earlier ones (TaylorSeer, arXiv 2503.06923); here both are per
request, from the final output alone, and calibrated by the request's own steps.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.utils import BaseOutput

from pipelines.merge import Call

MIN_STEPS = 20
"""Models of fewer steps change too much from one to the next."""
BUDGET = 0.05
"""Expected error of the outputs that are predicted in a row, over their own size."""
MOST_IN_A_ROW = 3
FIRST_SHARE = 0.2
"""Of the steps: the composition is made in these, and each of them is computed."""
LAST_STEPS = 2
"""Computed too: details are made here, and no later step mends what was predicted."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A computed step: its number, and the keys and outputs of its calls in order."""

    step: int
    keys: tuple[Hashable, ...]
    outputs: tuple[Any, ...]
    predictable: bool


class StepCache:
    """One request's computed outputs, and what follows from them."""

    def __init__(self, budget: float = BUDGET) -> None:
        self.left_out = 0
        """Forwards that were not needed."""
        self._budget = budget
        self._calls: list[Call] = []
        self._outputs: list[Any] = []
        self._answered = 0
        self._leaving_out = False
        self._seen: list[_Seen] = []
        """The last two computed steps."""
        self._error: torch.Tensor | None = None
        """Of the line, for one step ahead, by the last computed step."""
        self._in_a_row = 0

    def answer(self, call: Call, step: int, steps: int) -> Any:
        """The predicted output of a call in step number `step` (from 0) of `steps`; None: run it.

        Reading the error waits for the device once per step.
        """
        if self._answered == 0 and not self._calls:
            self._leaving_out = self._may_leave_out(step, steps)
        if not self._leaving_out or self._calls or not self._expected(call):
            return None
        self._answered += 1
        return self._predict(self._answered - 1, call, step)

    def saw(self, calls: Sequence[Call], outputs: Sequence[Any]) -> None:
        """Note what was computed. The outputs are copied: pipelines may write into theirs."""
        self._calls += calls
        self._outputs += [_like(value, [t.clone() for t in _tensors(value)]) for value in outputs]

    def end_step(self, step: int) -> bool:
        """Close step number `step`. Returns whether it was left out."""
        left_out = self._answered > 0 and not self._calls
        if left_out:
            self.left_out += self._answered
            self._in_a_row += 1
        elif self._answered:
            self._seen, self._error, self._in_a_row = [], None, 0  # half a step tells nothing
        else:
            self._learn(step)
        self._calls, self._outputs, self._answered = [], [], 0
        return left_out

    def _may_leave_out(self, step: int, steps: int) -> bool:
        first = math.ceil(FIRST_SHARE * steps)
        if steps < MIN_STEPS or not first <= step < steps - LAST_STEPS:
            return False
        if self._error is None or self._in_a_row >= MOST_IN_A_ROW:
            return False
        ahead = step - self._seen[-1].step
        expected = sum(_growth(distance) for distance in range(1, ahead + 1))
        return float(self._error) * expected <= self._budget

    def _expected(self, call: Call) -> bool:
        """Whether the last computed step made the same call at this place."""
        keys = self._seen[-1].keys
        return self._answered < len(keys) and call.key == keys[self._answered]

    def _predict(self, place: int, call: Call, step: int) -> Any:
        before, last = self._seen
        output = last.outputs[place]
        if call.rule.auxiliary:
            return output  # whom it feeds is left out too, and does not look at it
        reach = (step - last.step) / (last.step - before.step)
        ahead = [
            (new.float() + (new.float() - old.float()) * reach).to(new.dtype)
            for old, new in zip(_tensors(before.outputs[place]), _tensors(output), strict=True)
        ]
        return _like(output, ahead)

    def _learn(self, step: int) -> None:
        rules = [call.rule for call in self._calls]
        keys = tuple(call.key for call in self._calls)
        # What a forward writes into a cache of its request is missing when it is left out.
        predictable = bool(keys) and not any(rule.caches for rule in rules)
        now = _Seen(step, keys, tuple(self._outputs), predictable)
        regular = all(seen.keys == keys and seen.predictable for seen in (*self._seen, now))
        self._error = None
        if not regular:
            self._seen = [now]
        else:
            if len(self._seen) == 2:
                self._error = self._error_at(now, [not rule.auxiliary for rule in rules])
            self._seen = [*self._seen[-1:], now]
        self._in_a_row = 0

    def _error_at(self, now: _Seen, counts: Sequence[bool]) -> torch.Tensor:
        """How far the line through the two steps before missed this one, per step ahead."""
        before, last = self._seen
        ahead = now.step - last.step
        reach = ahead / (last.step - before.step)
        missed, size = torch.zeros(()), torch.zeros(())
        for counting, *outputs in zip(
            counts, before.outputs, last.outputs, now.outputs, strict=True
        ):
            if counting:
                for old, new, real in zip(*map(_tensors, outputs), strict=True):
                    line = new.float() + (new.float() - old.float()) * reach
                    missed = missed.to(real.device) + (real.float() - line).square().sum()
                    size = size.to(real.device) + real.float().square().sum()
        return (missed / size).sqrt() / _growth(ahead)


def _growth(distance: int) -> float:
    """How much farther off a line is after so many steps than after one: as a parabola's."""
    return distance * (distance + 1) / 2


def _tensors(output: Any) -> list[torch.Tensor]:
    """The tensors in a denoiser's answer, which is one, or holds them in lists or an output."""
    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, BaseOutput):
        return _tensors(output.to_tuple())
    return [tensor for item in output for tensor in _tensors(item)]


def _like(output: Any, tensors: list[torch.Tensor]) -> Any:
    """The same form with other tensors; takes them from the list."""
    if isinstance(output, torch.Tensor):
        return tensors.pop(0)
    if isinstance(output, BaseOutput):
        return type(output)(**{name: _like(value, tensors) for name, value in output.items()})
    return type(output)(_like(item, tensors) for item in output)
