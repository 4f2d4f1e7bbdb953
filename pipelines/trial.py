"""Draws one small picture alone, and keeps what can be learned from it: calls, latents, pixels.

It knows how a request is driven, but neither a scheduler nor other requests.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

import torch

from pipelines.lanes import Lane
from pipelines.memory import Resident
from pipelines.merge import Call, Digests, run
from pipelines.modular import session_class
from pipelines.painter import Painter
from pipelines.painter_fit import fit_painter
from pipelines.types import ImageRequest, Pixels, Size

log = logging.getLogger(__name__)

STEPS = 2
"""The second shows what a step is once everything is warm."""


@dataclass(slots=True)
class Trial:
    """A picture that was drawn, and how."""

    model: str
    size: Size
    steps: int = STEPS
    denoised: list[Call] = field(default_factory=list)
    decoded: list[Call] = field(default_factory=list)
    latents: torch.Tensor | None = None
    """Those after the last step, as the pipeline keeps them."""
    pixels: Pixels | None = None


@torch.no_grad()
def draw_trial(resident: Resident, digests: Digests, seed: int = 0) -> Trial:
    """Draw a small picture. Raises: whatever the pipeline raises."""
    largest = resident.family.limits.max_side
    request = ImageRequest(
        id="trial",
        model=resident.stand_in.name,
        prompt="a red circle",
        size=resident.family.native_size(Size(largest, largest)),
        steps=STEPS,
        guidance=resident.family.guidance(None),
        seed=seed,
    )
    pipe = resident.pipe_for(request)
    session = session_class(pipe)(request, pipe, resident.arguments_for(request), digests)
    session.start()
    trial = Trial(request.model, request.size)
    while session.pending:
        trial.denoised += [call for call in session.pending if call.lane is Lane.DENOISE]
        trial.decoded += [call for call in session.pending if call.lane is Lane.DECODE]
        resident.bring(session.pending[0])
        session.feed(run(session.pending))
    if session.error is not None:
        raise session.error
    if not trial.denoised:
        raise LookupError(f"the pipeline of {resident.stand_in.name} called no denoiser")
    trial.latents, trial.pixels = session.latents, session.pixels
    return trial


@torch.no_grad()
def learn_to_paint(trial: Trial) -> Painter | None:
    """The painter of the model that drew; None, with a line in the log, where there is none."""
    painter, why = None, "its latents are of an unknown form"
    if trial.latents is not None and trial.decoded and trial.pixels is not None:
        height, width, _ = trial.pixels.shape
        decode = trial.decoded[-1]
        given = next(iter((*decode.positional, *decode.arguments.values())))
        autoencoder: Any = getattr(decode.module, "__self__", None)
        try:
            painter = fit_painter(trial.latents, given, autoencoder, Size(width, height))
        except Exception as error:  # noqa: BLE001 - who can draw must not fail for want of previews
            why = str(error)
    if painter is None:
        log.warning("%s draws without previews: %s", trial.model, why)
    return painter
