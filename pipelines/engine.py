"""The loop: ask the scheduler, merge, run, split, wake. One device, one thread.

It knows pipelines and requests, no process and no HTTP. Its promises:

1. Every accepted request is answered exactly once, through `_settle`.
2. A failure in a merged call is tried again in smaller groups: the guilty request fails, its mates
   go on. Values that are not finite make a request run once more, alone, before it fails.
3. A cancelled request runs no further step.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import torch

from pipelines.afterwork import NO_NETWORKS, Workbench
from pipelines.catalog import StandIn
from pipelines.cost import StepCost
from pipelines.costbook import CostBook
from pipelines.errors import (
    Cancelled,
    GenerationError,
    ModelBroken,
    ModelFailure,
    OutOfMemory,
)
from pipelines.forework import NO_LANGUAGE, LanguageModels
from pipelines.job import Job
from pipelines.lanes import Lane
from pipelines.memory import Models, Resident
from pipelines.merge import Call, Digests
from pipelines.merge import run as run_merged
from pipelines.post.inspection import Inspector
from pipelines.previews import Previews
from pipelines.recovery import Runner, Values, raise_if_lost, run_jobs
from pipelines.residency import Wait
from pipelines.scheduler import Parked, Scheduler
from pipelines.stepcache import StepCache
from pipelines.types import Bitmap, ImageRequest, Pixels
from pipelines.warmup import warm_up

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who hears about requests. Called on the engine's thread; must not raise and not block."""

    def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None: ...

    def preview(self, request_id: str, step: int, steps: int, bitmap: Bitmap) -> None: ...

    def worded(self, request_id: str, prompt: str, why: str) -> None:
        """These words are drawn; `why` they are not rewritten ones, if that was wanted."""
        ...

    def done(self, request_id: str, pixels: Pixels) -> None: ...

    def failed(self, request_id: str, error: GenerationError) -> None: ...


class Engine:
    """Draws requests on one device. Not thread-safe: one thread calls every method."""

    def __init__(
        self,
        models: Models,
        listener: Listener,
        scheduler: Scheduler | None = None,
        clock: Callable[[], float] = time.monotonic,
        run: Runner = run_merged,
        costs: CostBook | None = None,
        choose_threads: bool = False,
        step_cache_budget: float | None = None,
        workbench: Workbench = NO_NETWORKS,
        inspector: Inspector | None = None,
        language: LanguageModels = NO_LANGUAGE,
    ) -> None:
        self.models = models
        self._workbench = workbench
        self._language = language
        self._listener = listener
        self._scheduler = scheduler or Scheduler()
        self._clock = clock
        self._run = run
        self._costs = costs or CostBook(None)
        self._choose_threads = choose_threads
        self._step_cache_budget = step_cache_budget
        self._digests = Digests()
        self._jobs: dict[str, Job] = {}
        self._waiting: list[Job] = []
        self._inspector = inspector
        self._previews = Previews(self._show)

    @property
    def device(self) -> str:
        """What it draws on, in torch's name: "cpu", "cuda:0"."""
        return str(self.models.device)

    @property
    def idle(self) -> bool:
        return not self._jobs

    def load(self, stand_in: StandIn) -> bool:
        """Bring a model onto the device if there is room beside those that are there.

        One that finds none comes with its first request. Returns whether it is there.
        Raises: ModelBroken: naming the file at fault. UnsupportedSetting: it alone is too large.
        """
        self.models.know(stand_in)
        if not self.models.has_room(stand_in.name):
            log.info("%s comes with its first request: it does not fit beside", stand_in.name)
            return False
        self.models.load(stand_in)
        return True

    def load_s(self, name: str) -> float:
        """Predicted seconds to bring a model that is not on the device."""
        return self.models.load_s(name)

    def warm_up(self, name: str) -> StepCost:
        """Draw once with a resident model, and measure what its steps cost if that is not known.

        Raises: ModelBroken, OutOfMemory: it cannot draw, and is not on the device any more.
        """
        failure = self._try(self.models.get(name))
        if isinstance(failure, ModelBroken):
            self.models.give_up(name, failure)
            raise failure
        if failure is not None:
            self.models.drop(name)
            raise failure
        return self.models.get(name).cost

    def _try(self, resident: Resident) -> GenerationError | None:
        """Warm a model up. What failed is not raised: its traceback would keep the model here."""
        name = resident.stand_in.name
        try:
            resident.cost = warm_up(
                resident,
                self._digests,
                self._costs,
                self._clock,
                choose_threads=self._choose_threads,
            )
        except torch.OutOfMemoryError:
            return OutOfMemory(f"{name} leaves no room on the device for a picture")
        except Exception as error:
            raise_if_lost(error)
            log.exception("%s cannot draw", name)
            return ModelBroken(f"{name} was loaded, but cannot draw: {error}")
        resident.cold = False
        return None

    def submit(self, request: ImageRequest) -> None:
        """Accept a request: from now on the listener hears of it exactly once.

        Raises: UnknownModel: when this device may not draw with its model, UnsupportedValue: when
        it is not what the model draws or does not fit the device; then it is not accepted.
        """
        self.models.check(request)
        self._workbench.check(request)
        self._language.check(request)
        self.models.wanted(request.model)
        clients = {job.request.client for job in self._jobs.values()}
        if request.client not in clients:
            self._scheduler.arrive(request.client, clients)
        job = self._jobs[request.id] = Job(request, self._clock())
        self._waiting.append(job)

    def cancel(self, request_id: str) -> None:
        """Stop drawing a request; it fails with `Cancelled`. Unknown ids are over already."""
        job = self._jobs.get(request_id)
        if job is None:
            return
        if job.begun:
            with torch.no_grad():  # the unwinding pipeline leaves its own no_grad behind
                job.session.withdraw()
        self._settle(job, Cancelled(f"request {request_id} was cancelled"))

    def step(self) -> bool:
        """Do one piece of work. Returns False when there is nothing to do."""
        # Greenlets share the thread's grad mode, and the pipelines' own no_grad exits interleave.
        with torch.no_grad():
            self._begin_waiting()
            chosen = self._scheduler.next(self.parked(), self._clock())
            if not chosen:
                return False
            jobs = [self._jobs[request_id] for request_id in chosen]
            resident, started_s = jobs[0].resident, self._clock()
            decoding = _begin_decoding(jobs)
            values = run_jobs(jobs, self._running(resident))
            self._advance(jobs, values)
            took_s = self._clock() - started_s
            if decoding and not any(isinstance(value, Exception) for value in values):
                resident.decoding.took(took_s, decoding)
            self._charge(jobs, took_s)
            self._previews.deliver()
            return True

    def _running(self, resident: Resident) -> Runner:
        """How calls on a model are run: what they need may have to be brought to the device."""

        def run(calls: Sequence[Call]) -> list[Any]:
            resident.bring(calls[0])
            return self._run(calls)

        return run

    def parked(self) -> list[Parked]:
        """The requests that wait for a call, as the scheduler is told of them."""
        return [job.parked for job in self._jobs.values() if job.parked is not None]

    def _begin_waiting(self) -> None:
        """Begin what came in, as far as its models are there or can be brought."""
        waiting, self._waiting = self._waiting, []
        draining: set[str] = set()
        for job in [job for job in waiting if self._jobs.get(job.request.id) is job]:
            wait = Wait((job.request.model,)) if job.request.model in draining else self._begin(job)
            if wait is not None:
                draining |= set(wait.draining)
                self._waiting.append(job)

    def _begin(self, job: Job) -> Wait | None:
        try:
            resident = self._bring(job.request.model)
            self.models.check(job.request)  # again, now that the model was measured
            if isinstance(resident, Wait):
                return resident
            after = self._workbench.afterwork(job.request)
            tell = partial(self._listener.worded, job.request.id)
            before = self._language.forework(job.request, tell)
            job.begin(resident, self._digests, after, before)
        except Exception as error:  # noqa: BLE001 - of this request's or its model's making
            self._settle(job, _named(error, job.request))
            return None
        if self._step_cache_budget is not None:
            job.session.cache = StepCache(self._step_cache_budget)
        job.session.inspector = self._inspector
        job.session.start()
        self._after(job)
        return None

    def _bring(self, name: str) -> Resident | Wait:
        """The model, able to draw; or what it has to wait for. Raises: ModelBroken."""
        at_work = {job.request.model for job in self._jobs.values() if job.begun}
        wait = self.models.bring(name, at_work)
        if isinstance(wait, Wait):
            return wait
        del wait  # the model: one that cannot draw has to go
        if self.models.get(name).cold:
            self.models.news.arrived(name, self.warm_up(name))
        return self.models.get(name)

    def _advance(self, jobs: Sequence[Job], values: Sequence[Values]) -> None:
        for job, value in zip(jobs, values, strict=True):
            job.shared = job.shared or len(jobs) > 1
            if isinstance(value, Exception):
                job.session.fail(value)
            else:
                job.session.feed(value)
            self._after(job)

    def _after(self, job: Job) -> None:
        session = job.session
        job.moved()
        if job.stage > job.reported:
            job.reported = job.stage
            self._listener.progress(job.request.id, session.step, session.steps, job.eta_s)
        self._paint(job)
        if not session.finished:
            return
        # An error's traceback holds the session, and all that it has on the device.
        error, session.error = session.error, None
        if session.pixels is not None:
            self._settle(job, session.pixels)
        elif isinstance(error, FloatingPointError) and job.shared:
            self._again_alone(job)
        else:
            self._settle(job, _named(error, job.request))

    def _paint(self, job: Job) -> None:
        """Begin the previews of the steps that the job has just taken."""
        session, request, painter = job.session, job.request, job.resident.painter
        sketches, session.sketches = session.sketches, []
        if painter is None:
            return
        for step, clean in sketches:
            try:
                of = step, session.steps
                self._previews.start(request.id, painter, clean, request.size, of)
            except Exception as error:
                raise_if_lost(error)
                log.exception("step %d of request %s is not shown", step, request.id)

    def _show(self, request_id: str, step: int, steps: int, bitmap: Bitmap) -> None:
        """Tell of a preview, unless it would be refused as a picture."""
        try:
            if self._inspector is not None:
                self._inspector.check(bitmap.pixels)
        except Exception as error:  # noqa: BLE001 - what cannot be judged is not shown
            log.info("a preview of request %s is not shown: %s", request_id, error)
        else:
            self._listener.preview(request_id, step, steps, bitmap)

    def _again_alone(self, job: Job) -> None:
        """Draw once more without company: NaN must be this request's own before it fails."""
        log.warning("request %s gave values that are not finite, trying it alone", job.request.id)
        again = Job(replace(job.request, reproducible=True), job.arrived_s)
        again.reported = job.reported
        self._jobs[again.request.id] = again
        self._waiting.append(again)

    def _settle(self, job: Job, outcome: Pixels | GenerationError) -> None:
        """The one place that answers a request."""
        del self._jobs[job.request.id]
        if isinstance(outcome, GenerationError):
            self._previews.forget(job.request.id)
            self._listener.failed(job.request.id, outcome)
        else:
            self._previews.finish(job.request.id)
            self._listener.done(job.request.id, outcome)

    def _charge(self, jobs: Sequence[Job], seconds: float) -> None:
        for job in jobs:
            self._scheduler.charge(job.request.client, seconds / len(jobs))


def _begin_decoding(jobs: Sequence[Job]) -> float:
    """How many tokens of pictures are decoded now; 0 when it is other work that they wait for."""
    decoded = [job for job in jobs if job.parked is not None and job.parked.lane is Lane.DECODE]
    for job in decoded:
        job.decoded = True
    return sum(job.request.size.tokens for job in decoded)


def _named(error: Exception | None, request: ImageRequest) -> GenerationError:
    raise_if_lost(error)
    if isinstance(error, GenerationError):
        return error
    if isinstance(error, torch.OutOfMemoryError):
        return OutOfMemory(f"{request.size} with {request.steps} steps does not fit the device")
    log.error("request %s failed inside the model", request.id, exc_info=error)
    return ModelFailure(f"the model failed on this request ({type(error).__name__})")
