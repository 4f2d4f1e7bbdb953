"""What one worker has been given, and what it is given next. Pure: no process, no thread, no clock.

Rule 1. A worker is given everything at once, for its scheduler to choose from.
Rule 2. Except suspects: a request that was in hand when a worker died is drawn alone, before all
        others. If the worker dies again, it is known who did it, and nobody else was harmed.
"""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeAlias

from pipelines.cost import UNMEASURED, Pace, StepCost
from pipelines.messages import Loading, News, Progress
from pipelines.presence import Presences
from pipelines.types import ImageRequest, Pixels

_Kind: TypeAlias = tuple[str, str | None, bool]
"""What decides how long a picture takes besides its denoising: model, upscaler, cutting out."""

FATAL_DEATHS = 2
"""A request in whose hands this many workers died is not tried again."""


@dataclass(slots=True, eq=False)
class Ticket:
    """One accepted request and who is waiting for it."""

    number: int
    """Its place in the order of arrival."""
    request: ImageRequest
    tokens: float
    """Image tokens of one of its steps."""
    on_progress: Callable[[News], None] | None = None
    future: Future[Pixels] = field(default_factory=Future)
    step: int = 0
    beside_s: float | None = None
    """Predicted seconds left of what is no denoising; None until its worker has said so."""
    deaths: int = 0
    cancelled: bool = False

    @property
    def suspect(self) -> bool:
        return self.deaths > 0

    @property
    def poison(self) -> bool:
        return self.deaths >= FATAL_DEATHS


class Desk:
    """One worker's requests: those that wait here and those it has in hand."""

    def __init__(self, models: frozenset[str]) -> None:
        self.models = models
        self.ready = False
        self.was_ready = False
        """Whether any of its lives could draw."""
        self.given_up = False
        self.reason = "is loading its models"
        """Why it cannot draw, to be read after "the worker"."""
        self.ready_in_s: float | None = None
        """Predicted, while it is loading; None where nobody knows."""
        self.device = ""
        """What the worker draws on, once it has said so."""
        self.presences = Presences(models)
        self._costs: dict[str, StepCost] = {}
        self._load_s: dict[str, float] = {}
        """Predicted seconds of loading, of the models that are not on the worker's device."""
        self._paces: dict[_Kind, Pace] = {}
        """Of what is no denoising, learnt from requests of the same kind."""
        self._waiting: list[Ticket] = []
        self._in_hand: dict[str, Ticket] = {}

    @property
    def backlog_s(self) -> float:
        """Predicted seconds until all that is here is drawn, its models' loading included."""
        return self.ahead_s(-math.inf)

    def ahead_s(self, priority_s: float) -> float:
        """The same of what is here with this priority or a higher one: others let it pass."""
        by_model: dict[str, list[Ticket]] = {}
        for ticket in (*self._waiting, *self._in_hand.values()):
            if ticket.request.priority_s >= priority_s:
                by_model.setdefault(ticket.request.model, []).append(ticket)
        return sum(
            drain_s(self._costs.get(model, UNMEASURED), tickets, self._beside_s)
            + self._load_s.get(model, 0.0)
            for model, tickets in by_model.items()
        )

    def wait_s(self, model: str) -> float:
        """Predicted seconds until a new request for a model would be begun."""
        tickets = (*self._waiting, *self._in_hand.values())
        coming = any(ticket.request.model == model for ticket in tickets)
        return self.backlog_s + (0.0 if coming else self._load_s.get(model, 0.0))

    def loading(self, message: Loading) -> None:
        """The worker is loading a model, and so far it is."""
        self.presences.loading(message)
        if not self.ready:
            self.reason = f"is loading {message}"
            self.ready_in_s = message.left_s

    def open(self, costs: dict[str, StepCost], absent: Iterable[tuple[str, float]] = ()) -> None:
        """The worker can draw, at these costs; its absent models take so long to be brought."""
        self._costs = costs
        self._load_s = dict(absent)
        for model in costs:
            self.presences.arrived(model)
        for model, load_s in self._load_s.items():
            self.presences.departed(model, load_s)
        self.ready = self.was_ready = True
        self.reason = ""

    def arrived(self, model: str, cost: StepCost) -> None:
        """The worker has brought a model."""
        self._costs[model] = cost
        self._load_s.pop(model, None)
        self.presences.arrived(model)

    def departed(self, model: str, load_s: float) -> None:
        """A model has left the worker's device."""
        self._load_s[model] = load_s
        self.presences.departed(model, load_s)

    def add(self, ticket: Ticket) -> None:
        """Put a request where its turn is: suspects first, then by arrival."""
        self._waiting.append(ticket)
        self._waiting.sort(key=lambda t: (not t.suspect, t.number))

    def hand_over(self) -> list[Ticket]:
        """Move into the worker's hands what it may have now, in order."""
        given: list[Ticket] = []
        while self.ready and self._waiting and self._may_join(self._waiting[0]):
            ticket = self._waiting.pop(0)
            self._in_hand[ticket.request.id] = ticket
            given.append(ticket)
        return given

    def progressed(self, ticket: Ticket, news: Progress) -> None:
        """A request in hand has come that far, and its worker predicts the rest."""
        cost = self._costs.get(ticket.request.model, UNMEASURED)
        denoising_s = cost.draw_s(ticket.tokens, max(0, news.steps - news.step))
        beside_s = max(0.0, news.eta_s - denoising_s)
        if ticket.beside_s is None:  # all of it is still to be done
            pace = self._paces.setdefault(_kind(ticket.request), Pace())
            pace.took(beside_s, ticket.request.size.tokens)
        ticket.step, ticket.beside_s = news.step, beside_s

    def holds(self, ticket: Ticket) -> bool:
        """Whether the worker has it in hand."""
        return ticket.request.id in self._in_hand

    def remove(self, ticket: Ticket) -> None:
        """Forget a request, if it is here."""
        self._in_hand.pop(ticket.request.id, None)
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def close(self, reason: str) -> list[Ticket]:
        """The worker died: give back all that was here, in order of arrival."""
        for ticket in self._in_hand.values():
            ticket.deaths += 1
            ticket.step, ticket.beside_s = 0, None
        orphans = sorted([*self._in_hand.values(), *self._waiting], key=lambda t: t.number)
        self.ready = False
        self.reason = reason
        self.ready_in_s = None
        self.presences.lost()
        self._in_hand.clear()
        self._waiting.clear()
        return orphans

    def _beside_s(self, ticket: Ticket) -> float:
        """Predicted seconds of decoding and of networks: as its worker said, or as of its kind."""
        if ticket.beside_s is not None:
            return ticket.beside_s
        pace = self._paces.get(_kind(ticket.request))
        return 0.0 if pace is None else pace.work_s(ticket.request.size.tokens)

    def _may_join(self, ticket: Ticket) -> bool:
        if not self._in_hand:
            return True
        return not ticket.suspect and not any(t.suspect for t in self._in_hand.values())


def drain_s(
    cost: StepCost, tickets: Iterable[Ticket], beside_s: Callable[[Ticket], float]
) -> float:
    """Predict when these are all drawn, if those below the knee share their steps.

    A saturated device takes the sum of their work, an empty one as long as the longest of them.
    What is no denoising is done for one after the other.
    """
    left = [(t.tokens, max(0, t.request.steps - t.step), beside_s(t)) for t in tickets]
    saturated_s = cost.s_per_token * sum(tokens * steps for tokens, steps, _ in left)
    alone_s = (cost.draw_s(tokens, steps) + beside for tokens, steps, beside in left)
    return max(saturated_s + sum(beside for *_, beside in left), max(alone_s, default=0.0))


def _kind(request: ImageRequest) -> _Kind:
    return request.model, request.upscaler, request.cut_out
