"""Which worker gets a request, and who hears what became of it.

It lives in the API process and imports no torch; it knows neither HTTP nor what a model is. A
worker's lives are `pipelines.supervisor`'s, the order of one worker's requests `pipelines.desk`'s.

Rule 1. Every accepted request is answered exactly once, by `_settle`, whoever dies.
Rule 2. A request in a dying worker's hands is drawn again from its beginning, once; after a second
        death it fails.
Rule 3. Callers' code (futures' callbacks, `on_progress`) runs without the fleet's lock.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import count
from typing import Literal, TypeAlias

from pipelines.desk import Desk, Ticket
from pipelines.errors import (
    Cancelled,
    GenerationError,
    NotReady,
    PoisonRequest,
    QueueFull,
    ShuttingDown,
    UnknownModel,
    WorkerLost,
)
from pipelines.messages import (
    Arrived,
    Cancel,
    Departed,
    Done,
    Failed,
    FromWorker,
    Loading,
    News,
    Preview,
    Progress,
    Ready,
    Submit,
    Worded,
    WorkerSpec,
)
from pipelines.presence import WorkerView
from pipelines.supervisor import Endurance, Supervisor
from pipelines.types import ImageRequest, Pixels

log = logging.getLogger(__name__)

State: TypeAlias = Literal["starting", "ready", "restarting", "failed", "closing"]
START_RETRY_S = 2.0
"""When to ask again while the first worker loads, where it is not known how long that takes."""
FAILED_RETRY_S = 60.0
"""When to ask again once no worker is left: somebody has to mend the machine first."""


class Fleet:
    """All workers of this machine. Every method may be called from any thread."""

    def __init__(
        self,
        specs: Sequence[WorkerSpec],
        max_backlog_s: float = 120.0,
        hang_s: float = 60.0,
        load_s: float = 900.0,
        restart_pauses_s: Sequence[float] = (0.0, 1.0, 5.0, 30.0, 60.0),
    ) -> None:
        """For the last three see `pipelines.supervisor.Endurance`."""
        endurance = Endurance(hang_s, load_s, tuple(restart_pauses_s))
        self._max_backlog_s = max_backlog_s
        self._changed = threading.Condition()
        self._tickets: dict[str, Ticket] = {}
        self._numbers = count()
        self._closing = False
        self._desks = {Supervisor(spec, self, endurance): Desk(spec.models) for spec in specs}

    def start(self) -> None:
        """Start every worker; they become ready later."""
        for worker in self._desks:
            worker.start()

    def wait_ready(self, timeout_s: float) -> None:
        """Wait until a picture can be drawn.

        Raises: NotReady: saying why, when no worker can be started or the time is over.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.state not in ("starting", "restarting"), timeout_s)
            if not self.ready:
                raise NotReady(self.reason, START_RETRY_S)

    def close(self, drain_s: float) -> None:
        """Refuse new requests, finish the accepted ones, end the workers.

        What is not drawn after `drain_s` fails with `ShuttingDown`. A second call with a shorter
        time, from another thread, overtakes the first.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._tickets, drain_s)
            left = list(self._tickets.values())
            self._tickets.clear()
            self._changed.notify_all()
        for ticket in left:
            self._settle(ticket, ShuttingDown("the server went down before this was drawn"))
        for worker in self._desks:
            worker.stop(at_once=bool(left))
        for worker in self._desks:
            worker.join()

    @property
    def state(self) -> State:
        with self._changed:
            desks = self._desks.values()
            if self._closing:
                return "closing"
            if any(desk.ready for desk in desks):
                return "ready"
            if all(desk.given_up for desk in desks):
                return "failed"
            return "restarting" if any(desk.was_ready for desk in desks) else "starting"

    @property
    def ready(self) -> bool:
        """Whether a picture can be drawn now."""
        return self.state == "ready"

    @property
    def reason(self) -> str:
        """Why none can be drawn, in a sentence an operator understands; empty when one can."""
        with self._changed:
            if self._closing:
                return "the server is shutting down"
            if self.ready:
                return ""
            return "; ".join(f"the worker {desk.reason}" for desk in self._desks.values())

    @property
    def backlog_s(self) -> float:
        """Predicted seconds until a new request would find a free worker."""
        with self._changed:
            hopeful = [desk.backlog_s for desk in self._desks.values() if not desk.given_up]
            return min(hopeful, default=0.0)

    @property
    def workers(self) -> tuple[WorkerView, ...]:
        """Every worker, and where its models are."""
        with self._changed:
            return tuple(
                WorkerView(
                    number,
                    desk.device,
                    desk.ready,
                    desk.reason,
                    desk.presences.all,
                    worker.spec.options.beside,
                )
                for number, (worker, desk) in enumerate(self._desks.items())
            )

    @property
    def pids(self) -> tuple[int, ...]:
        """The workers' processes, those that are just being replaced included."""
        return tuple(worker.pid for worker in self._desks if worker.pid is not None)

    def submit(
        self, request: ImageRequest, on_progress: Callable[[News], None] | None = None
    ) -> Future[Pixels]:
        """Accept a request. Its future is answered with the pixels or a `GenerationError`.

        `on_progress` hears of each step and of the previews and words it asked for, in order,
        on a thread of the fleet; when the worker dies the drawing begins again, and so does its
        progress. Cancelling the future stops the drawing as `cancel` does.

        Raises: NotReady, QueueFull, ShuttingDown, UnknownModel: then nothing was accepted.
        """
        with self._changed:
            worker = self._place_for_new(request)
            if request.id in self._tickets:
                raise ValueError(f"request {request.id} is already under way")
            tokens = worker.spec.step_tokens(request)
            ticket = Ticket(next(self._numbers), request, tokens, on_progress)
            self._tickets[request.id] = ticket
            self._desks[worker].add(ticket)
            self._feed(worker)
        ticket.future.add_done_callback(partial(self._follow, request.id))
        return ticket.future

    def cancel(self, request_id: str) -> None:
        """Stop drawing a request: its future fails with `Cancelled` at the next step.

        One that waits never runs. One that is answered or unknown is left alone.
        """
        with self._changed:
            ticket = self._tickets.get(request_id)
            if ticket is None or ticket.cancelled:
                return
            ticket.cancelled = True
            holder = next((w for w, desk in self._desks.items() if desk.holds(ticket)), None)
            if holder is not None:
                holder.send(Cancel(request_id))
                return
        self._answer(request_id, _cancelled(request_id))

    def heard(self, worker: Supervisor, message: FromWorker, pixels: Pixels | None) -> None:
        """A worker said something (on its supervisor's thread)."""
        match message:
            case Ready(device, costs, absent):
                with self._changed:
                    self._desks[worker].device = device
                    self._desks[worker].open(dict(costs), absent)
                    self._feed(worker)
                    self._changed.notify_all()
                log.info("the worker on %s is ready (process %s)", device, worker.pid)
            case Loading():
                with self._changed:
                    self._desks[worker].loading(message)
                if message.total_bytes:  # before that, there is nothing to tell
                    log.info("loading %s", message)
            case Arrived(model, cost):
                with self._changed:
                    self._desks[worker].arrived(model, cost)
            case Departed(model, load_s):
                with self._changed:
                    self._desks[worker].departed(model, load_s)
            case Progress(request_id) | Preview(request_id) | Worded(request_id):
                self._report(request_id, message)
            case Done(request_id):
                assert pixels is not None, "the supervisor brings the pixels of a Done"
                self._answer(request_id, pixels)
            case Failed(request_id, error):
                self._answer(request_id, error)

    def lost(self, worker: Supervisor, reason: str) -> None:
        """A worker died; another takes its place (on its supervisor's thread)."""
        self._bury(worker, reason, given_up=False)

    def gave_up(self, worker: Supervisor, reason: str) -> None:
        """A worker died for good (on its supervisor's thread)."""
        self._bury(worker, reason, given_up=True)

    def _place_for_new(self, request: ImageRequest) -> Supervisor:
        if self._closing:
            raise ShuttingDown("the server is shutting down")
        able = [desk for desk in self._desks.values() if request.model in desk.models]
        if not able:
            raise UnknownModel(f"no worker holds the model {request.model!r}", "model")
        worker = self._least_busy(request)
        if worker is None:
            raise NotReady(f"no worker can be started: {self.reason}", FAILED_RETRY_S)
        if not any(desk.was_ready for desk in self._desks.values()):
            known_s = [d.ready_in_s for d in self._desks.values() if d.ready_in_s is not None]
            raise NotReady(self.reason, max(START_RETRY_S, min(known_s, default=0.0)))
        backlog_s = self._desks[worker].ahead_s(request.priority_s)
        if backlog_s >= self._max_backlog_s:
            raise QueueFull(f"{backlog_s:.0f} s of work are waiting already", backlog_s)
        return worker

    def _least_busy(self, request: ImageRequest) -> Supervisor | None:
        able = [
            (not desk.ready, desk.wait_s(request.model), number, worker)
            for number, (worker, desk) in enumerate(self._desks.items())
            if request.model in desk.models and not desk.given_up
        ]
        return min(able)[-1] if able else None

    def _feed(self, worker: Supervisor) -> None:
        for ticket in self._desks[worker].hand_over():
            worker.send(Submit(ticket.request))

    def _bury(self, worker: Supervisor, reason: str, given_up: bool) -> None:
        with self._changed:
            desk = self._desks[worker]
            desk.given_up = given_up
            hopeless = [
                (ticket, error)
                for ticket in desk.close(reason)
                if (error := self._fate(ticket, reason)) is not None
            ]
            for other in self._desks:
                self._feed(other)
            self._changed.notify_all()
        for ticket, error in hopeless:
            self._answer(ticket.request.id, error)

    def _fate(self, ticket: Ticket, reason: str) -> GenerationError | None:
        """Where a request goes whose worker died: to another worker, or to this end."""
        if ticket.cancelled:
            return _cancelled(ticket.request.id)
        if ticket.poison:
            return PoisonRequest(f"drawing this ended the worker twice; the last one {reason}")
        worker = self._least_busy(ticket.request)
        if worker is None:
            return WorkerLost(f"no worker is left: the last one {reason}", FAILED_RETRY_S)
        self._desks[worker].add(ticket)
        return None

    def _report(self, request_id: str, news: News) -> None:
        with self._changed:
            ticket = self._tickets.get(request_id)
            if ticket is None:
                return
            if isinstance(news, Progress):  # a preview comes after later steps' progress
                for desk in self._desks.values():
                    if desk.holds(ticket):
                        desk.progressed(ticket, news)
            listener = None if ticket.cancelled else ticket.on_progress
        if listener is None:
            return
        try:
            listener(news)
        except Exception:  # of one caller, which must not end everybody's thread
            log.exception("the progress listener of request %s failed; it is dropped", request_id)
            ticket.on_progress = None

    def _answer(self, request_id: str, outcome: Pixels | GenerationError) -> None:
        """End a request, unless it has ended already, and give its worker the next ones."""
        with self._changed:
            ticket = self._tickets.pop(request_id, None)
            if ticket is None:
                return
            for worker, desk in self._desks.items():
                desk.remove(ticket)
                self._feed(worker)
            self._changed.notify_all()
        self._settle(ticket, _cancelled(request_id) if ticket.cancelled else outcome)

    def _settle(self, ticket: Ticket, outcome: Pixels | GenerationError) -> None:
        """The one place that answers a caller."""
        if not ticket.future.set_running_or_notify_cancel():
            return
        if isinstance(outcome, GenerationError):
            ticket.future.set_exception(outcome)
        else:
            ticket.future.set_result(outcome)

    def _follow(self, request_id: str, future: Future[Pixels]) -> None:
        if future.cancelled():
            self.cancel(request_id)


def _cancelled(request_id: str) -> Cancelled:
    return Cancelled(f"request {request_id} was cancelled")
