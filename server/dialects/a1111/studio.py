"""What each key has chosen and is drawing through the A1111 dialect, which has one of each.

The program that this dialect comes from serves one user; here every key has a studio of its own. In
memory only: a choice lasts until the server stops.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from server.contract.named_models import OWN_MODEL, NamedModel
from server.drawing import Drawing
from server.errors import NoSuchModel
from server.events import Event, Step


class Job:
    """One call on its way: how many of its steps are done."""

    def __init__(self) -> None:
        self._done: dict[int, int] = {}
        self.steps = 0
        """Of one picture."""
        self.pictures = 1
        self.eta_s = 0.0
        self.drawing: Drawing | None = None

    def begin(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.pictures = len(drawing.plan.requests)
        self.steps = drawing.plan.requests[0].steps

    def hear(self, event: Event) -> None:
        """The listener of its drawing."""
        if isinstance(event, Step):
            self._done[event.index] = event.progress.step
            self.eta_s = event.progress.eta_s

    @property
    def step(self) -> int:
        """How far the picture is that is ahead."""
        return max(self._done.values(), default=0)

    @property
    def share(self) -> float:
        """How much of the call is done, 0 to 1."""
        return sum(self._done.values()) / (self.steps * self.pictures) if self.steps else 0.0


class Studio:
    """One key's. Belongs to the event loop."""

    def __init__(self, models: Mapping[str, NamedModel]) -> None:
        self._models = models
        self.model = OWN_MODEL
        self.jobs: list[Job] = []

    def choose(self, model: str) -> None:
        """Draw with this model when a call names none. Raises: NoSuchModel."""
        if model not in self._models:
            raise NoSuchModel(f"The model '{model[:80]}' does not exist.", "model")
        self.model = model

    def interrupt(self) -> None:
        """Stop whatever is being drawn."""
        for job in self.jobs:
            if job.drawing is not None:
                job.drawing.cancel()

    @contextmanager
    def at_work(self) -> Iterator[Job]:
        job = Job()
        self.jobs.append(job)
        try:
            yield job
        finally:
            self.jobs.remove(job)
