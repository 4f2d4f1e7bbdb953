"""The process around one engine: messages in, messages out. It owns one device.

Started by `pipelines.supervisor` as a fresh interpreter (`python -m pipelines.worker <descriptor>`)
with one end of a socket. It knows nothing of other workers, nor of who asked for a picture.

Rule 1. The main thread owns the engine; a second one reads the pipe. They meet in the `Inbox`.
Rule 2. It leaves when it is told to, or at once when the other end of the pipe is gone; the
        terminal's and the service manager's signals are for the parent to decide about.
Rule 3. Every turn of the loop is heard of: a silent worker with work in hand is stuck.
"""

import gc
import logging
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Protocol

from pipelines.catalog import StandIn
from pipelines.cost import StepCost
from pipelines.errors import GenerationError
from pipelines.faults import Fault, planned_fault
from pipelines.messages import (
    Arrived,
    Broken,
    Cancel,
    Departed,
    Done,
    Failed,
    FromWorker,
    Heartbeat,
    Loading,
    Preview,
    Progress,
    Ready,
    Shutdown,
    Submit,
    ToWorker,
    Worded,
    WorkerSpec,
)
from pipelines.pixelpipe import send_pixels
from pipelines.types import Bitmap, ImageRequest, Pixels, Size

log = logging.getLogger(__name__)


class Engine(Protocol):
    """What a worker asks of its engine."""

    @property
    def device(self) -> str: ...

    @property
    def idle(self) -> bool: ...

    def load(self, stand_in: StandIn) -> bool:
        """Bring a model now if there is room beside those that are here; else it comes later."""
        ...

    def load_s(self, name: str) -> float:
        """Predicted seconds to bring a model that is not here."""
        ...

    def warm_up(self, name: str) -> StepCost: ...

    def submit(self, request: ImageRequest) -> None: ...

    def cancel(self, request_id: str) -> None: ...

    def step(self) -> bool: ...


class Voice:
    """The engine's listener: tells the API process. A message and its pixels stay together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._speaking = threading.Lock()
        self.progressed = False
        """Whether a denoising step was reported since somebody last looked."""

    def say(self, message: FromWorker) -> None:
        with self._speaking, _ending_with_the_parent():
            self._connection.send(message)

    def loading(self, model: str, done_bytes: int, total_bytes: int, left_s: float | None) -> None:
        self.say(Loading(model, done_bytes, total_bytes, left_s))

    def arrived(self, model: str, cost: StepCost) -> None:
        self.say(Arrived(model, cost))

    def departed(self, model: str, load_s: float) -> None:
        self.say(Departed(model, load_s))

    def progress(self, request_id: str, step: int, steps: int, eta_s: float) -> None:
        self.progressed = True
        self.say(Progress(request_id, step, steps, eta_s))

    def preview(self, request_id: str, step: int, steps: int, bitmap: Bitmap) -> None:
        self.say(Preview(request_id, step, steps, bitmap))

    def worded(self, request_id: str, prompt: str, why: str) -> None:
        self.say(Worded(request_id, prompt, why))

    def done(self, request_id: str, pixels: Pixels) -> None:
        height, width, channels = pixels.shape
        with self._speaking, _ending_with_the_parent():
            self._connection.send(Done(request_id, Size(width, height), channels))
            send_pixels(self._connection, pixels)

    def failed(self, request_id: str, error: GenerationError) -> None:
        self.say(Failed(request_id, error))


class Inbox:
    """What the API process said and the engine's thread has not looked at yet."""

    def __init__(self) -> None:
        self._messages: deque[ToWorker] = deque()
        self._arrived = threading.Condition()

    def put(self, message: ToWorker) -> None:
        with self._arrived:
            self._messages.append(message)
            self._arrived.notify()

    def take(self, wait: bool) -> list[ToWorker]:
        """Everything that has arrived, in order; with `wait`, at least one message."""
        with self._arrived:
            if wait:
                self._arrived.wait_for(lambda: self._messages)
            taken = list(self._messages)
            self._messages.clear()
            return taken


def read_pipe(connection: Connection, inbox: Inbox) -> None:
    """Fill the inbox for as long as there is a parent."""
    while True:
        with _ending_with_the_parent():
            inbox.put(connection.recv())


@contextmanager
def _ending_with_the_parent() -> Iterator[None]:
    """End this process at once, in the middle of whatever, when the pipe has no other end."""
    try:
        yield
    except (EOFError, ConnectionError):
        os._exit(0)


def build(spec: WorkerSpec, voice: Voice) -> tuple[Engine, Ready]:
    """Build the engine and make it able to draw at once.

    Raises: ModelBroken: when weights cannot be loaded.
    """
    module, _, name = spec.engine.partition(":")
    engine: Engine = getattr(import_module(module), name)(spec.options, voice)
    costs, absent = [], []
    for stand_in in spec.stand_ins:
        voice.say(Loading(stand_in.name))
        if engine.load(stand_in):
            costs.append((stand_in.name, engine.warm_up(stand_in.name)))
        else:
            absent.append((stand_in.name, engine.load_s(stand_in.name)))
    # What is loaded by now stays: a full collection would look at all of it and stop every step.
    gc.collect()
    gc.freeze()
    return engine, Ready(engine.device, tuple(costs), tuple(absent))


def serve(engine: Engine, inbox: Inbox, voice: Voice, fault: Fault | None) -> None:
    """Draw until told to leave and all that was accepted is answered."""
    leaving = False
    denoising_steps = 0
    while not (leaving and engine.idle):
        for message in inbox.take(wait=engine.idle):
            match message:
                case Submit(request):
                    _accept(engine, request, voice)
                case Cancel(request_id):
                    engine.cancel(request_id)
                case Shutdown():
                    leaving = True
        engine.step()
        voice.say(Heartbeat())
        if voice.progressed:
            voice.progressed = False
            denoising_steps += 1
            if fault is not None:
                fault.strike(denoising_steps)


def _accept(engine: Engine, request: ImageRequest, voice: Voice) -> None:
    try:
        engine.submit(request)
    except GenerationError as error:
        voice.failed(request.id, error)


def main(descriptor: int) -> int:
    """Run a worker on an inherited socket until it is told to leave. Returns the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.set_inheritable(descriptor, False)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    fault = planned_fault(os.environ)
    connection = Connection(descriptor)
    spec: WorkerSpec = connection.recv()
    voice, inbox = Voice(connection), Inbox()
    threading.Thread(target=read_pipe, args=(connection, inbox), name="pipe", daemon=True).start()
    try:
        engine, ready = build(spec, voice)
    except GenerationError as error:
        log.error("the worker on %s cannot start: %s", spec.options.device, error)
        voice.say(Broken(error))
        return 1
    voice.say(ready)
    serve(engine, inbox, voice, fault)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
