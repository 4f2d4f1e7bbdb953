"""One request on its way: a pipeline's own `__call__`, parked at its next call on a component.

It runs the pipeline in a greenlet on a shallow copy with a private noise scheduler and guider, so
that nothing a request remembers (step index, momentum, guidance) is shared. It decides nothing:
the engine resumes it with a value, an exception, or not at all.
"""

import contextlib
import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

import greenlet
import numpy as np
import torch
from diffusers import DiffusionPipeline
from diffusers.guiders.guider_utils import BaseGuidance
from diffusers.schedulers.scheduling_utils import SchedulerMixin

from pipelines.afterwork import Afterwork
from pipelines.clean import clean_latents, next_latents
from pipelines.forework import Forework
from pipelines.gate import DenoiserGate, StageGate
from pipelines.lanes import Lane
from pipelines.merge import Call, Digests, unmerged
from pipelines.pairs import Pairs
from pipelines.parts import denoises
from pipelines.post.inspection import Inspector
from pipelines.stepcache import StepCache
from pipelines.types import ImageRequest, Pixels


class _Withdrawn(BaseException):
    """Unwinds a pipeline. Not an Exception: no `except Exception` inside may swallow it."""


class _Unpaired(Exception):
    """A step ended after one call where a pair was expected: its output was never computed."""


class Session:
    """A request's pipeline call, and where it stands.

    `pending` holds the calls it waits for: one, or the conditional and the unconditional one of a
    step; empty before the start and after the end. After the end exactly one of `pixels` and
    `error` is set, or neither when it was withdrawn.
    """

    def __init__(
        self,
        request: ImageRequest,
        pipe: DiffusionPipeline,
        arguments: dict[str, object],
        digests: Digests,
    ) -> None:
        self.request = request
        self.pending: tuple[Call, ...] = ()
        self.pixels: Pixels | None = None
        self.error: Exception | None = None
        self.step = 0
        self.steps = request.steps
        self.latents: torch.Tensor | None = None
        """Those after the last step, as the pipeline keeps them."""
        self.sketches: list[tuple[int, torch.Tensor]] = []
        """Steps of which a preview was asked for, and the clean latents that they predict."""
        self.pairs = Pairs()
        self.cache: StepCache | None = None
        """Leaves out forwards that can be predicted; set by the engine where that is wanted."""
        self.forework: Forework | None = None
        """What comes before the pipeline; set by the engine where anything does."""
        self.arguments_for: Callable[[str], dict[str, object]] | None = None
        """The pipeline's arguments for other words; set by the engine together with `forework`."""
        self.afterwork: Afterwork | None = None
        """What comes after the pipeline; set by the engine where anything does."""
        self.inspector: Inspector | None = None
        """Looks at pictures that come in and go out; set by the engine where that is wanted."""
        self._pipe = pipe
        self._arguments = arguments
        self._digests = digests
        self._greenlet = greenlet.greenlet(self._run)

    @property
    def finished(self) -> bool:
        return bool(self._greenlet.dead)

    def start(self) -> None:
        """Run up to the first call on a component."""
        self.pending = self._greenlet.switch() or ()

    def feed(self, values: Sequence[Any]) -> None:
        """Resume with the values of the pending calls and run up to the next ones."""
        self.pending = self._greenlet.switch(values) or ()

    def fail(self, error: Exception) -> None:
        """Resume with an exception in place of the values: the pipeline unwinds with it."""
        self.pending = self._greenlet.throw(error) or ()

    def withdraw(self) -> None:
        """Unwind without a result; harmless on a session that is over or has not begun."""
        if self._greenlet and not self.finished:
            self._greenlet.throw(_Withdrawn())
        self.pending = ()

    def _run(self) -> None:
        try:
            self._find_words()
            for reference in self.request.references:
                self._inspect(Lane.ENCODE, reference.pixels, "image")
            drawn = self._draw()
            self._inspect(Lane.FINISH, drawn, None)
            self.pixels = self._finish(drawn)
        except _Withdrawn:
            return
        except Exception as error:  # noqa: BLE001 - whatever a pipeline raises is its request's end
            self.error = error

    def _find_words(self) -> None:
        """Raises: ContentRejected, TooLong, ModelFailure."""
        if self.forework is None:
            return
        words = self.forework.words(self._park)
        if words != self.request.prompt and self.arguments_for is not None:
            self._arguments = self.arguments_for(words)

    def _draw(self) -> Pixels:
        with contextlib.suppress(_Unpaired):
            return self._draw_once()
        self.pairs.forbid()
        self.step = 0
        self.cache = None
        return self._draw_once()

    def _draw_once(self) -> Pixels:
        generator = torch.Generator("cpu").manual_seed(self.request.seed)
        pipe = _private_copy(self._pipe, self._park, self, self._digests)
        arguments = {"generator": generator, "output_type": "np", **self._arguments}
        try:
            return _to_pixels(self._call(pipe, **arguments))
        finally:
            _stop_counting(pipe)

    def _inspect(self, lane: Lane, pixels: Pixels, param: str | None) -> None:
        """Raises: ContentRejected."""
        if self.inspector is not None:
            self._park(unmerged(lane, self.inspector.check, (pixels, param), {}))

    def _finish(self, drawn: Pixels) -> Pixels:
        return drawn if self.afterwork is None else self.afterwork.finish(drawn, self._park)

    def _call(self, pipe: Any, **arguments: Any) -> Any:
        """What the pipeline answers: pictures as floats in 0..1."""
        result = pipe(**arguments)
        return result.images if hasattr(result, "images") else result.image

    def _park(self, call: Call) -> Any:
        if call.lane is not Lane.DENOISE:
            return self._greenlet.parent.switch((call,))[0]
        if self.cache is not None:
            predicted = self.cache.answer(call, self.step, self.steps)
            if predicted is not None:
                return predicted
        promised = self.pairs.promise(call)
        if promised is not None:
            return promised
        calls = self.pairs.due(call)
        values = self._greenlet.parent.switch(calls)
        if self.cache is not None:
            self.cache.saw(calls, values)
        return self.pairs.settle(values)

    def begin_step(self, steps: int) -> None:
        """The noise scheduler is about to use the denoiser's output, in one of so many steps."""
        if self.pairs.outstanding:
            raise _Unpaired
        if self.cache is None or not self.cache.end_step(self.step):
            self.pairs.end_step()
        self.step += 1
        self.steps = max(steps, self.step)

    def end_step(self, latents: torch.Tensor, clean: Callable[[], torch.Tensor]) -> None:
        """The noise scheduler has made these latents, and could say what they will become."""
        self.latents = latents
        if self.step in self.request.preview_steps:
            self.sketches.append((self.step, clean()))


def _to_pixels(pictures: Any) -> Pixels:
    """[1, height, width, 3] floats in 0..1, rounded as the pipelines' own PIL conversion does.

    Raises: FloatingPointError: for NaN or infinity, which would otherwise become black pixels.
    """
    image = np.asarray(pictures)[0]
    if not np.isfinite(image).all():
        raise FloatingPointError("the decoded picture has values that are not finite")
    pixels: Pixels = (image * 255).round().astype(np.uint8)
    return pixels


def _private_copy(
    pipe: DiffusionPipeline,
    park: Callable[[Call], Any],
    session: Session,
    digests: Digests,
) -> Any:
    """A copy that shares the weights behind gates and owns everything that has memory."""
    private = copy.copy(pipe)
    components = private.__dict__
    for name, component in list(components.items()):
        if isinstance(component, SchedulerMixin):
            components[name] = _counting(type(component).from_config(component.config), session)
        elif isinstance(component, BaseGuidance):
            components[name] = copy.deepcopy(component)
        elif isinstance(component, torch.nn.Module):
            if denoises(name, component):
                components[name] = DenoiserGate(component, park, digests)
            else:
                components[name] = StageGate(component, park)
    return private


def _counting(noise_scheduler: Any, session: Session) -> Any:
    """Report each denoising step: works for every pipeline, with or without step callbacks."""
    step = noise_scheduler.step

    @functools.wraps(step)  # pipelines inspect the signature for `eta` and `generator`
    def counted(
        model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, *args: Any, **kwargs: Any
    ) -> Any:
        # Image to image leaves out the first steps of the schedule.
        left_out = getattr(noise_scheduler, "begin_index", None) or 0
        session.begin_step(len(noise_scheduler.timesteps) - left_out)
        result = step(model_output, timestep, sample, *args, **kwargs)
        session.end_step(
            next_latents(result),
            lambda: clean_latents(noise_scheduler, model_output, sample, result),
        )
        return result

    noise_scheduler.step = counted
    return noise_scheduler


def _stop_counting(private: Any) -> None:
    """Part a copy's noise schedulers from their session, or each would keep the other, and all that
    a session has on the device, until the interpreter looks for such circles."""
    for component in vars(private).values():
        if isinstance(component, SchedulerMixin):
            vars(component).pop("step", None)
