"""Keeps one worker process alive: starts it, talks with it, notices its death, starts another.

It does not know what a request is worth nor where it goes next: it tells its owner what the worker
said and when it died, and the owner decides. One thread per worker, which waits on the pipe, on the
process and on a wake-up socket, and never looks again without a reason.
"""

import logging
import threading
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import NoReturn, Protocol

from pipelines.errors import ModelBroken, UnsupportedSetting
from pipelines.messages import Broken, FromWorker, Shutdown, ToWorker, WorkerSpec
from pipelines.process import WorkerDied, WorkerProcess
from pipelines.types import Pixels
from pipelines.wakeup import Wakeup
from pipelines.watchdog import Watchdog

log = logging.getLogger(__name__)

LEAVE_S = 5.0
"""How long a worker that was told to leave may take before it is killed."""


@dataclass(frozen=True, slots=True)
class Endurance:
    """What is borne of a worker before it is taken for dead, or given up. Units: seconds."""

    hang_s: float
    """Silence with work in hand."""
    load_s: float
    """Silence while one model is loaded."""
    restart_pauses_s: tuple[float, ...]
    """Pauses before the next attempts while none gets a worker ready; after the last it is over."""


class Owner(Protocol):
    """Who hears of a worker. Called on the supervisor's thread."""

    def heard(self, worker: "Supervisor", message: FromWorker, pixels: Pixels | None) -> None:
        """The worker said this; `pixels` belong to a `Done`."""

    def lost(self, worker: "Supervisor", reason: str) -> None:
        """The worker died with all it had in hand. Another one is on its way."""

    def gave_up(self, worker: "Supervisor", reason: str) -> None:
        """The worker died with all it had in hand, and no other will be started here."""


class Supervisor:
    """One worker, in all its lives. `send` and `stop` may be called from any thread."""

    def __init__(self, spec: WorkerSpec, owner: Owner, endurance: Endurance) -> None:
        self.spec = spec
        self.pid: int | None = None
        """The process of the present life."""
        self._owner = owner
        self._endurance = endurance
        self._watchdog = self._new_watchdog()
        self._outbox: deque[ToWorker] = deque()
        self._wakeup = Wakeup()
        self._stopping = threading.Event()
        self._at_once = False
        self._leave_by_s: float | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"worker on {spec.options.device}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def send(self, message: ToWorker) -> None:
        """Tell the worker that is ready now. What its death overtakes is dropped."""
        self._outbox.append(message)
        self._wakeup.set()

    def stop(self, at_once: bool) -> None:
        """Let the worker finish its work and leave, or kill it."""
        self._at_once = self._at_once or at_once
        self._stopping.set()
        self._wakeup.set()

    def join(self) -> None:
        """Wait until the worker is gone."""
        if self._thread.ident is not None:
            self._thread.join()
        self._wakeup.close()

    def _run(self) -> None:
        pauses_s = self._endurance.restart_pauses_s
        barren = 0
        while not self._stopping.is_set():
            death = self._live()
            if self._stopping.is_set():
                break
            barren = 0 if self._watchdog.ready else barren + 1
            if death.final or barren > len(pauses_s):
                log.error(
                    "the worker on %s %s; no other is started", self.spec.options.device, death
                )
                self._owner.gave_up(self, str(death))
                break
            pause_s = pauses_s[barren - 1] if barren else 0.0
            log.warning(
                "the worker on %s %s; next in %g s", self.spec.options.device, death, pause_s
            )
            self._owner.lost(self, str(death))
            self._stopping.wait(pause_s)

    def _live(self) -> WorkerDied:
        """One life of the worker, to its end."""
        self._outbox.clear()
        self._watchdog = self._new_watchdog()
        try:
            with closing(WorkerProcess(self.spec, timeout_s=self._endurance.hang_s)) as process:
                self.pid = process.pid
                self._converse(process)
        except WorkerDied as death:
            return death
        except Exception as error:  # of ours: its requests must be answered all the same
            log.exception("the talk with the worker on %s failed", self.spec.options.device)
            return WorkerDied(f"could not be talked with ({error})")

    def _converse(self, process: WorkerProcess) -> NoReturn:
        bell = self._wakeup.listener
        while True:
            ready = wait([process.connection, *process.sentinels, bell], self._timeout_s())
            if not ready:
                raise WorkerDied("was silent for too long, and was killed")
            if bell in ready:
                self._wakeup.clear()
                self._talk(process)
            if process.connection in ready:
                self._listen(process)
            elif set(process.sentinels) & set(ready):
                raise WorkerDied(process.epitaph())

    def _talk(self, process: WorkerProcess) -> None:
        while self._outbox:
            message = self._outbox.popleft()
            self._watchdog.said(message, time.monotonic())
            process.send(message)
        if self._stopping.is_set():
            if self._at_once or not self._watchdog.ready:
                raise WorkerDied("was stopped")
            self._leave_by_s = time.monotonic() + LEAVE_S
            process.send(Shutdown())

    def _listen(self, process: WorkerProcess) -> None:
        message, pixels = process.receive()
        if isinstance(message, Broken):
            final = isinstance(message.error, ModelBroken | UnsupportedSetting)
            raise WorkerDied(f"cannot serve: {message.error}", final)
        self._watchdog.heard(message, time.monotonic())
        self._owner.heard(self, message, pixels)

    def _timeout_s(self) -> float | None:
        now_s = time.monotonic()
        if self._leave_by_s is not None:
            return max(0.0, self._leave_by_s - now_s)
        return self._watchdog.patience_s(now_s)

    def _new_watchdog(self) -> Watchdog:
        patience_s = self._endurance.hang_s, self._endurance.load_s
        return Watchdog(self.spec.step_tokens, *patience_s, now_s=time.monotonic())
