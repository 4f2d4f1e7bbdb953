"""What a piece of work costs: measured seconds of a denoising step, and the knee.

Below the knee launches and overhead rule, and more rows are nearly free; beyond it every further
row only delays the others. Pure arithmetic: no torch, no clock.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

KNEE_TOLERANCE = 1.2
"""The device counts as saturated where a token costs at most this times its cheapest measurement.

A larger value favours latency, a smaller one throughput. At 1.2 the published curve of one DiT at
512 x 512 pixels has its knee at 3 rows, and at 1024 x 1024 at 1 row.
"""


PACE_GAIN = 0.3
"""How much of what is known of a pace the latest piece of work replaces."""


@dataclass(frozen=True)
class StepCost:
    """One model's step on one device: measured (image tokens, seconds) points, tokens ascending.

    A token is 16 x 16 pixels of one picture; the rows that guidance adds are part of the seconds.
    """

    points: tuple[tuple[float, float], ...]

    @classmethod
    def measured(cls, samples: Iterable[tuple[float, float]]) -> "StepCost":
        """The cost curve of (tokens, seconds) samples in any order.

        A larger batch that was timed faster than a smaller one only shows noise: the smaller one's
        time is lowered to it, so that predictions never fall with the work.

        Raises: ValueError: without samples, or with one that is not positive.
        """
        points: list[tuple[float, float]] = []
        for tokens, seconds in sorted(samples, reverse=True):
            if tokens <= 0 or seconds <= 0:
                raise ValueError(f"a step over {tokens} tokens in {seconds} s is no measurement")
            points.append((tokens, min(seconds, points[-1][1] if points else seconds)))
        if not points:
            raise ValueError("no samples to make a cost curve of")
        return cls(tuple(reversed(points)))

    def step_s(self, tokens: float) -> float:
        """Predict one forward over this many image tokens, all rows together."""
        first_tokens, first_s = self.points[0]
        last_tokens, last_s = self.points[-1]
        if tokens <= first_tokens:
            return first_s
        if tokens >= last_tokens:
            return last_s * tokens / last_tokens
        index = bisect_left(self.points, (tokens, 0.0))
        (t0, s0), (t1, s1) = self.points[index - 1], self.points[index]
        return s0 + (s1 - s0) * (tokens - t0) / (t1 - t0)

    def draw_s(self, tokens: float, steps: int) -> float:
        """Predict `steps` steps of one picture drawn alone."""
        return steps * self.step_s(tokens)

    def work_s(self, tokens: float, steps: int) -> float:
        """The share of a saturated device that `steps` steps of one picture take."""
        return steps * tokens * self.s_per_token

    @cached_property
    def s_per_token(self) -> float:
        """Seconds that a token costs on a saturated device."""
        return min(seconds / tokens for tokens, seconds in self.points)

    @cached_property
    def knee(self) -> float:
        """Tokens at which the device is saturated."""
        return next(t for t, s in self.points if s / t <= self.s_per_token * KNEE_TOLERANCE)


@dataclass(slots=True)
class Pace:
    """What a token costs in work that is timed as it comes; what came last weighs most."""

    s_per_token: float = 0.0
    """0 until something was timed."""

    def took(self, seconds: float, tokens: float) -> None:
        """Note a piece of work."""
        latest = seconds / tokens
        known = self.s_per_token
        self.s_per_token = latest if not known else known + PACE_GAIN * (latest - known)

    def work_s(self, tokens: float) -> float:
        """Predict the next piece."""
        return self.s_per_token * tokens


UNMEASURED = StepCost(((1024.0, 0.1),))
"""Used for a model nobody has timed yet: a guess, replaced by the first measurement."""
