"""What a piece of work costs: measured seconds of a denoising step, and the knee.

A step over `tokens` image tokens takes about max(floor_s, s_per_token * tokens): below the knee
launches and overhead rule and more rows are nearly free; beyond it every further row only delays
the others. Pure arithmetic: no torch, no clock.

Source: fit of public measurements of one DiT on one GPU, 512 and 1024 pixels, 1 to 16 rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepCost:
    """One model's step on one device. Units: seconds, image tokens (16 x 16 pixels)."""

    floor_s: float
    s_per_token: float

    def step_s(self, tokens: float) -> float:
        """Predict one forward over this many image tokens, all rows together."""
        return max(self.floor_s, self.s_per_token * tokens)

    @property
    def knee(self) -> float:
        """Tokens at which the device is saturated."""
        return self.floor_s / self.s_per_token

    def draw_s(self, tokens: float, steps: int) -> float:
        """Predict `steps` steps of one picture drawn alone."""
        return steps * self.step_s(tokens)


UNMEASURED = StepCost(floor_s=0.1, s_per_token=0.1 / 1024)
"""Used for a model nobody has timed yet: a guess, replaced by the first measurement."""


def fit(samples: Sequence[tuple[float, float]]) -> StepCost:
    """Fit max(floor, slope * tokens) to (tokens, seconds) pairs.

    The floor is the cheapest step seen; the slope comes from the largest batch, where the device is
    as near saturation as it was ever brought.

    Raises: ValueError: without samples.
    """
    if not samples:
        raise ValueError("no samples to fit a step cost to")
    floor_s = min(seconds for _, seconds in samples)
    tokens, seconds = max(samples)
    return StepCost(floor_s=floor_s, s_per_token=seconds / tokens)
