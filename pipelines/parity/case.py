"""What the parity suite asks of a family: how to build it small, and four unlike requests.

Knows no family and no engine. The requests differ in all that requests of one batch may differ in:
arrival, steps, guidance, seed, prompt and length of the prompt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

Arguments: TypeAlias = dict[str, Any]
"""Keyword arguments of a pipeline's `__call__`, without generator and output_type."""

PROMPTS = ("a cat", "a very long prompt about a red fox jumping over", "hi", "four words are here")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request, and how many denoiser forwards are over when it comes in."""

    id: str
    arguments: Arguments
    steps: int
    seed: int
    after_forwards: int


@dataclass(frozen=True, slots=True)
class _Plan:
    steps: int
    guidance: float
    after_forwards: int


_PLANS = (_Plan(4, 2.0, 0), _Plan(6, 5.0, 1), _Plan(3, 3.5, 2), _Plan(5, 7.5, 3))


def _nothing(_: int) -> Arguments:
    return {}


def _call(pipe: Any, generator: torch.Generator, arguments: Arguments) -> Any:
    result = pipe(generator=generator, output_type="np", **arguments)
    return result.images if hasattr(result, "images") else result.image


@dataclass(frozen=True, slots=True)
class Case:
    """A family of the parity suite."""

    family: str
    build: Callable[[], Any]
    """Makes the real pipeline class with tiny random components; equal weights at every call."""
    call: Mapping[str, Any]
    """The arguments that all its requests share."""
    guidance: str = "guidance_scale"
    """The argument that carries the guidance scale."""
    prompts: tuple[str, ...] = PROMPTS
    vary: Callable[[int], Arguments] = _nothing
    """More arguments that differ, for request number 0, 1, ..."""
    draw: Callable[[Any, torch.Generator, Arguments], Any] = _call
    """How anybody would call its pipeline alone: pictures as floats in 0..1."""
    mixes: bool = False
    """Its pictures are of unlike sizes, and have to share forwards nevertheless."""

    def arguments(self, number: int) -> Arguments:
        """The call of request `number`, as its pipeline alone would be called."""
        plan = _PLANS[number]
        return {
            **self.call,
            "prompt": self.prompts[number],
            "num_inference_steps": plan.steps,
            self.guidance: plan.guidance,
            **self.vary(number),
        }

    def arrivals(self) -> tuple[Arrival, ...]:
        """The four requests, in order of arrival."""
        return tuple(
            Arrival(
                id=f"request-{number}",
                arguments=self.arguments(number),
                steps=plan.steps,
                seed=100 + number,
                after_forwards=plan.after_forwards,
            )
            for number, plan in enumerate(_PLANS)
        )
