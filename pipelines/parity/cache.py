"""What leaving out forwards costs: requests with the step cache against the same without it.

And that company changes nothing of it: two requests together against each alone, with a cache that
leaves out all it may. Small random models jump from step to step where trained ones go steadily, so
with the budget that ships many leave out nothing: what installed weights show is what counts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from pipelines.merge import run as run_merged
from pipelines.parity.case import Arguments, Arrival, Case
from pipelines.parity.compare import Drawing, Together, denoiser_of, draw_with_engine
from pipelines.stepcache import BUDGET

STEPS = (24, 28)
"""Of the two requests: enough for the cache, and unlike each other."""
HEADINGS = (
    "family",
    "denoiser",
    "calls",
    "left out",
    "latents apart",
    "mean",
    "of",
    "dB",
    "together",
    "left out",
    "",
)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How near pictures stay, for one family, and how much of their work was left out."""

    family: str
    denoiser: str
    calls: int
    """Of the denoiser, without the cache."""
    left_out: int
    latents_max: float
    latents_mean: float
    scale: float
    """Largest value of the latents, by which the two above are to be judged."""
    psnr_db: float | None
    """Of the picture that is farther off; None where both are equal to the last bit."""
    company_uint8_max: int
    """Largest difference that drawing both together makes, when all is left out that may be."""
    company_left_out: int
    """None of a model whose forwards fill caches of their own."""

    @property
    def passed(self) -> bool:
        return self.company_uint8_max <= 1


def compare_cached(case: Case, device: str = "cpu") -> Fidelity:
    """Draw two long requests without the cache and with it; then at any cost, also each alone.

    Raises: whatever a pipeline raises.
    """
    arrivals, where = _long(case), torch.device(device)

    def draw(some: Sequence[Arrival], budget: float | None) -> Together:
        return draw_with_engine(case, run_merged, where, arrivals=some, step_cache_budget=budget)

    with torch.no_grad():
        exact, near, far = (draw(arrivals, budget) for budget in (None, BUDGET, math.inf))
        alone: dict[str, Drawing] = {}
        for arrival in arrivals:
            alone |= draw([replace(arrival, after_forwards=0)], math.inf).drawings
    gaps = [(near.drawings[i].latents - d.latents).abs() for i, d in exact.drawings.items()]
    return Fidelity(
        family=case.family,
        denoiser=denoiser_of(case.build()),
        calls=_calls(exact),
        left_out=_calls(exact) - _calls(near),
        latents_max=max(float(gap.max()) for gap in gaps),
        latents_mean=max(float(gap.mean()) for gap in gaps),
        scale=max(float(drawing.latents.abs().max()) for drawing in exact.drawings.values()),
        psnr_db=_psnr_db(exact.drawings, near.drawings),
        company_uint8_max=_bytes_apart(alone, far.drawings),
        company_left_out=_calls(exact) - _calls(far),
    )


def cells(fidelity: Fidelity) -> tuple[str, ...]:
    """A row of the table under `HEADINGS`."""
    return (
        fidelity.family,
        fidelity.denoiser,
        str(fidelity.calls),
        f"{fidelity.left_out / fidelity.calls:.0%}",
        f"{fidelity.latents_max:.1e}",
        f"{fidelity.latents_mean:.1e}",
        f"{fidelity.scale:.0f}",
        "equal" if fidelity.psnr_db is None else f"{fidelity.psnr_db:.1f}",
        str(fidelity.company_uint8_max),
        f"{fidelity.company_left_out / fidelity.calls:.0%}",
        "ok" if fidelity.passed else "failed",
    )


def _long(case: Case) -> list[Arrival]:
    """The first two requests of the case, with more steps."""

    def arguments(number: int) -> Arguments:
        return {**case.arguments(number), "num_inference_steps": STEPS[number]}

    return [
        replace(arrival, arguments=arguments(number), steps=STEPS[number])
        for number, arrival in enumerate(case.arrivals()[: len(STEPS)])
    ]


def _calls(drawn: Together) -> int:
    return sum(forward.calls for forward in drawn.forwards)


def _psnr_db(exact: Mapping[str, Drawing], near: Mapping[str, Drawing]) -> float | None:
    errors = [
        float(np.square(exact[i].pixels.astype(float) - near[i].pixels).mean()) for i in exact
    ]
    worst = max(errors)
    return None if worst == 0 else float(10 * np.log10(255**2 / worst))


def _bytes_apart(one: Mapping[str, Drawing], other: Mapping[str, Drawing]) -> int:
    return max(int(np.abs(one[i].pixels.astype(int) - other[i].pixels).max()) for i in one)
