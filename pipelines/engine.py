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
from typing import Any, Protocol, TypeAlias

import torch

from pipelines.catalog import StandIn
from pipelines.cost import StepCost
from pipelines.errors import Cancelled, GenerationError, ModelFailure, OutOfMemory
from pipelines.load import pick_device
from pipelines.memory import Models, Resident
from pipelines.merge import Call, Digests
from pipelines.merge import run as run_merged
from pipelines.scheduler import Parked, Scheduler
from pipelines.session import Session
from pipelines.types import ImageRequest, Pixels
from pipelines.warmup import measure

log = logging.getLogger(__name__)

Runner: TypeAlias = Callable[[Sequence[Call]], list[Any]]
"""Runs calls with equal keys in one forward. The seam for fault injection and negative controls."""


class Listener(Protocol):
    """Who hears about requests. Called on the engine's thread; must not raise and not block."""

    def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None: ...

    def done(self, request_id: str, pixels: Pixels) -> None: ...

    def failed(self, request_id: str, error: GenerationError) -> None: ...


class _Job:
    """A session and the engine's books about it."""

    def __init__(self, session: Session, resident: Resident, arrived_s: float) -> None:
        self.session = session
        self.resident = resident
        self.arrived_s = arrived_s
        self.parked: Parked | None = None
        """Its pending calls in the scheduler's terms; made anew only when it moves."""
        self.reported = 0
        self.shared = False

    @property
    def request(self) -> ImageRequest:
        return self.session.request

    @property
    def steps_left(self) -> int:
        return max(0, self.session.steps - self.session.step)


class Engine:
    """Draws requests on one device. Not thread-safe: one thread calls every method."""

    def __init__(
        self,
        models: Models,
        listener: Listener,
        scheduler: Scheduler | None = None,
        clock: Callable[[], float] = time.monotonic,
        run: Runner = run_merged,
    ) -> None:
        self.models = models
        self._listener = listener
        self._scheduler = scheduler or Scheduler()
        self._clock = clock
        self._run = run
        self._digests = Digests()
        self._jobs: dict[str, _Job] = {}
        self._unstarted: list[str] = []

    @property
    def device(self) -> str:
        """What it draws on, in torch's name: "cpu", "cuda:0"."""
        return str(self.models.device)

    @property
    def idle(self) -> bool:
        return not self._jobs

    def load(self, stand_in: StandIn) -> None:
        """Bring a model onto the device. Raises: ModelBroken: naming the file at fault."""
        self.models.load(stand_in)

    def warm_up(self, name: str) -> StepCost:
        """Draw once with a resident model and measure what its steps cost."""
        resident = self.models.get(name)
        resident.cost = measure(resident, self._digests, self._clock)
        return resident.cost

    def submit(self, request: ImageRequest) -> None:
        """Accept a request: from now on the listener hears of it exactly once.

        Raises: UnknownModel: when its model is not resident (then it is not accepted).
        """
        resident = self.models.get(request.model)
        session = self._session(request, resident)
        clients = {job.request.client for job in self._jobs.values()}
        if request.client not in clients:
            self._scheduler.arrive(request.client, clients)
        self._jobs[request.id] = _Job(session, resident, self._clock())
        self._unstarted.append(request.id)

    def cancel(self, request_id: str) -> None:
        """Stop drawing a request; it fails with `Cancelled`. Unknown ids are over already."""
        job = self._jobs.get(request_id)
        if job is not None:
            with torch.no_grad():  # the unwinding pipeline leaves its own no_grad behind
                job.session.withdraw()
            self._settle(job, Cancelled(f"request {request_id} was cancelled"))

    def step(self) -> bool:
        """Do one piece of work. Returns False when there is nothing to do."""
        # Greenlets share the thread's grad mode, and the pipelines' own no_grad exits interleave.
        with torch.no_grad():
            self._start_newcomers()
            chosen = self._scheduler.next(self.parked(), self._clock())
            if not chosen:
                return False
            jobs = [self._jobs[request_id] for request_id in chosen]
            started_s = self._clock()
            self._advance(jobs, self._values_of(jobs))
            self._charge(jobs, self._clock() - started_s)
            return True

    def _start_newcomers(self) -> None:
        for request_id in self._unstarted:
            job = self._jobs.get(request_id)
            if job is not None:
                job.session.start()
                self._after(job)
        self._unstarted.clear()

    def parked(self) -> list[Parked]:
        """The requests that wait for a call, as the scheduler is told of them."""
        return [job.parked for job in self._jobs.values() if job.parked is not None]

    def _values_of(self, jobs: Sequence[_Job]) -> list[list[Any] | Exception]:
        """Run the jobs' pending calls together; where that fails, in halves, down to single jobs.

        Each job's value is the list of its calls' values, or the exception its own calls raised.
        """
        calls = [call for job in jobs for call in job.session.pending]
        try:
            values = iter(self._run(calls))
            return [[next(values) for _ in job.session.pending] for job in jobs]
        except Exception as error:  # noqa: BLE001 - whatever a model raises is told to its rows
            if len(jobs) == 1:
                return [error]
            log.warning("a merged call of %d requests failed, trying halves: %s", len(jobs), error)
        if self.models.device.type == "cuda":
            torch.cuda.empty_cache()
        half = len(jobs) // 2
        return self._values_of(jobs[:half]) + self._values_of(jobs[half:])

    def _advance(self, jobs: Sequence[_Job], values: Sequence[list[Any] | Exception]) -> None:
        for job, value in zip(jobs, values, strict=True):
            job.shared = job.shared or len(jobs) > 1
            if isinstance(value, Exception):
                job.session.fail(value)
            else:
                job.session.feed(value)
            self._after(job)

    def _after(self, job: _Job) -> None:
        session = job.session
        job.parked = _in_scheduler_terms(job) if session.pending else None
        if session.step > job.reported:
            job.reported = session.step
            eta_s = job.resident.cost.draw_s(job.request.size.tokens, job.steps_left)
            self._listener.progress(job.request.id, session.step, session.steps, eta_s)
        if not session.finished:
            return
        if session.pixels is not None:
            self._settle(job, session.pixels)
        elif isinstance(session.error, FloatingPointError) and job.shared:
            self._again_alone(job)
        else:
            self._settle(job, _named(session.error, job.request))

    def _again_alone(self, job: _Job) -> None:
        """Draw once more without company: NaN must be this request's own before it fails."""
        log.warning("request %s gave values that are not finite, trying it alone", job.request.id)
        request = replace(job.request, reproducible=True)
        again = _Job(self._session(request, job.resident), job.resident, job.arrived_s)
        again.reported = job.reported
        self._jobs[request.id] = again
        self._unstarted.append(request.id)

    def _session(self, request: ImageRequest, resident: Resident) -> Session:
        arguments = resident.family.arguments(request)
        session = Session(request, resident.pipe, arguments, self._digests)
        session.pairs.wanted = 2 * request.size.tokens <= resident.cost.knee
        return session

    def _settle(self, job: _Job, outcome: Pixels | GenerationError) -> None:
        """The one place that answers a request."""
        del self._jobs[job.request.id]
        if isinstance(outcome, GenerationError):
            self._listener.failed(job.request.id, outcome)
        else:
            self._listener.done(job.request.id, outcome)

    def _charge(self, jobs: Sequence[_Job], seconds: float) -> None:
        for job in jobs:
            self._scheduler.charge(job.request.client, seconds / len(jobs))


def build_engine(
    device: str, listener: Listener, threads: int | None = None, run: Runner = run_merged
) -> Engine:
    """An engine for a device ("auto", "cpu", "cuda", "cuda:1", ...) with nothing resident yet."""
    if threads is not None:
        torch.set_num_threads(threads)
    return Engine(Models(pick_device(device)), listener, run=run)


def _in_scheduler_terms(job: _Job) -> Parked:
    request, cost, calls = job.request, job.resident.cost, job.session.pending
    call = calls[0]
    return Parked(
        id=request.id,
        lane=call.lane,
        key=call.key,
        tokens=request.size.tokens * len(calls),
        knee=cost.knee,
        rows=sum(call.rows for call in calls),
        remaining_s=cost.work_s(request.size.tokens, job.steps_left),
        isolated_s=cost.draw_s(request.size.tokens, job.session.steps),
        arrived_s=job.arrived_s,
        client=request.client,
        priority_s=request.priority_s,
        alone=request.reproducible,
        auxiliary=call.rule.auxiliary,
    )


def _named(error: Exception | None, request: ImageRequest) -> GenerationError:
    if isinstance(error, GenerationError):
        return error
    if isinstance(error, torch.OutOfMemoryError):
        return OutOfMemory(f"{request.size} with {request.steps} steps does not fit the device")
    log.error("request %s failed inside the model", request.id, exc_info=error)
    return ModelFailure(f"the model failed on this request ({type(error).__name__})")
